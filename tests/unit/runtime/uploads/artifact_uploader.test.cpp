#include "runtime/uploads/artifact_uploader.hpp"

#include "runtime/files/descriptor.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>

namespace troupe {

namespace {

constexpr timestamp now{1'764'000'000'000};
constexpr timestamp later = now + std::chrono::minutes{45};

/// A store on the disk, and a file that is to be brought there.
struct upload_bench {
  upload_bench() {
    REQUIRE(mkdtemp(directory.data()) != nullptr);
    store = std::make_unique<blob_store>(directory + "/store");
    REQUIRE(store->open().has_value());
    signer.set_root_url("http://localhost:1");
    uploader = std::make_unique<artifact_uploader>(signer, *store, time);
    std::ofstream{directory + "/file"} << text;
    file = descriptor{::open((directory + "/file").c_str(), O_RDONLY | O_CLOEXEC)};
  }
  ~upload_bench() { std::filesystem::remove_all(directory); }

  uploaded_file what(std::uint64_t size) const { return {file.get(), size, "text/plain", "gzip"}; }

  std::string directory = "/tmp/troupe-uploads-XXXXXX";
  const std::string text = std::string(700'000, 'x') + "end";
  manual_clock time{now};
  blob_signer signer{"0123456789abcdef0123456789abcdef"};
  std::unique_ptr<blob_store> store;
  std::unique_ptr<artifact_uploader> uploader;
  descriptor file;
};

}  // namespace

TEST_CASE("what belongs into the server's own store goes there without HTTP") {
  upload_bench bench;
  const auto url =
      bench.signer.put_url("task/0/public/a b?.log", "text/plain; charset=utf-8", later);
  REQUIRE(bench.uploader->put(url, bench.what(bench.text.size())).has_value());
  const auto stored = bench.store->read("task/0/public/a b?.log");
  REQUIRE(stored.has_value());
  CHECK((*stored)->info().content_type == "text/plain; charset=utf-8");
  CHECK((*stored)->info().content_encoding == "gzip");
  CHECK(*(*stored)->read(0, bench.text.size() + 1) == bench.text);
}

TEST_CASE("an upload that is not complete leaves nothing") {
  upload_bench bench;
  const auto url = bench.signer.put_url("key", "text/plain", later);
  SECTION("the file is shorter than it was") {
    CHECK_FALSE(bench.uploader->put(url, bench.what(bench.text.size() + 1)).has_value());
  }
  SECTION("the server ends") {
    bench.uploader->close();
    CHECK_FALSE(bench.uploader->put(url, bench.what(bench.text.size())).has_value());
  }
  SECTION("the URL has expired") {
    bench.time.set(later);
    CHECK_FALSE(bench.uploader->put(url, bench.what(bench.text.size())).has_value());
  }
  CHECK_FALSE(bench.store->read("key").has_value());
}

TEST_CASE("a store that cannot be reached is told, and is not tried once the server ends") {
  upload_bench bench;
  const auto put = [&] {
    return bench.uploader->put("http://127.0.0.1:1/bucket/key", bench.what(bench.text.size()));
  };
  const auto refused = put();
  REQUIRE_FALSE(refused.has_value());
  CHECK_FALSE(refused.error().message.empty());
  bench.uploader->close();
  CHECK_FALSE(put().has_value());
}

}  // namespace troupe
