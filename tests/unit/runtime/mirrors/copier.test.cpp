// Copies between directories; the contract tests have those from and to S3 stores.

#include "runtime/mirrors/copier.hpp"

#include "runtime/blobs/blob_signer.hpp"
#include "runtime/mirrors/s3_writers.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <future>
#include <string>

#include <stdlib.h>

using namespace troupe;
namespace fs = std::filesystem;

namespace {

struct two_places {
  two_places() {
    std::string name = (fs::temp_directory_path() / "troupe-copies-XXXXXX").string();
    root = ::mkdtemp(name.data());
    local = std::make_unique<blob_store>(root + "/home", 1);
    REQUIRE(local->open().has_value());
    config.sites.push_back(
        {"west", {}, local_mirror_settings{root + "/west"}, 0, std::uint64_t{1} << 30, 60});
    copies = std::make_unique<copier>(config, signer, *local, time);
    REQUIRE(copies->open().has_value());
  }
  ~two_places() {
    copies.reset();
    local.reset();
    fs::remove_all(root);
  }

  void keep(const std::string& key, const std::string& bytes, const std::string& encoding = {}) {
    auto writer = local->create(key, "text/x", encoding);
    REQUIRE(writer.has_value());
    REQUIRE((*writer)->write(bytes).has_value());
    REQUIRE((*writer)->finish().has_value());
  }

  copy_result copy(copy_order order) {
    std::promise<copy_result> made;
    copies->copy(std::move(order), [&](copy_result result) { made.set_value(std::move(result)); });
    return made.get_future().get();
  }
  copy_order order(const std::string& from, std::string sha256 = {}) {
    return {"west", "mirror/west/x", {from, {}}, std::move(sha256), 10'000'000};
  }

  std::string root;
  mirror_settings config;
  blob_signer signer{"key"};
  system_clock time;
  std::unique_ptr<blob_store> local;
  std::unique_ptr<copier> copies;
};

}  // namespace

TEST_CASE(
    "section 7.2 a copy has the bytes, the type and the encoding, and leaves when it has to") {
  two_places at;
  std::string bytes;
  for (int i = 0; i < 200'000; ++i)
    bytes += std::to_string(i);
  for (const auto& content : {bytes, std::string{}, std::string{"x"}}) {
    at.keep("a", content, "gzip");
    const auto made = at.copy(at.order("a"));
    CHECK(made.trouble.empty());
    CHECK(made.bytes == content.size());
    auto* store = at.copies->local_store("mirror/west/x");
    REQUIRE(store != nullptr);
    auto copy = store->read("mirror/west/x");
    REQUIRE(copy.has_value());
    CHECK((*copy)->info().content_type == "text/x");
    CHECK((*copy)->info().content_encoding == "gzip");
    CHECK(((*copy)->read(0, content.size() + 1).value() == content));
    std::promise<bool> gone;
    at.copies->remove("west", "mirror/west/x",
                      [&](const outcome<void>& done) { gone.set_value(done.has_value()); });
    CHECK(gone.get_future().get());
    CHECK_FALSE(store->read("mirror/west/x").has_value());
  }
  CHECK(at.copies->local_store("mirror/east/x") == nullptr);
  CHECK(at.copies->local_store("task/0/x") == nullptr);
  CHECK(at.copies->get_url("west", "mirror/west/x", {}, timestamp{1}).find("/mirror/west/x?") !=
        std::string::npos);
}

TEST_CASE("section 7.2 what is not what it should be is not copied") {
  two_places at;
  at.keep("a", "hello");
  const std::string good = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
  CHECK(at.copy(at.order("a", good)).trouble.empty());
  auto wrong = at.order("a", std::string(64, 'a'));
  wrong.key = "mirror/west/y";
  const auto refused = at.copy(wrong);
  CHECK(refused.lasting);
  CHECK(refused.trouble.find(good) != std::string::npos);
  CHECK_FALSE(at.copies->local_store(wrong.key)->read(wrong.key).has_value());
  auto large = wrong;
  large.sha256.clear();
  large.largest_bytes = 4;
  CHECK(at.copy(large).lasting);
  CHECK_FALSE(at.copies->local_store(wrong.key)->read(wrong.key).has_value());
  const auto missing = at.copy(at.order("nothing"));
  CHECK_FALSE(missing.trouble.empty());
  CHECK_FALSE(missing.lasting);
  auto unreachable = at.order("");
  unreachable.source = {{}, "http://127.0.0.1:1/x"};
  CHECK(at.copy(unreachable).trouble.starts_with("the store of the data: "));
}

TEST_CASE("section 7.2 parts are as large as wanted, or as large as it takes for there to be few") {
  constexpr std::uint64_t mib = std::uint64_t{1} << 20;
  CHECK(size_of_parts(12 * mib, 5 * mib) == 5 * mib);
  CHECK(size_of_parts(most_s3_parts * 5 * mib, 5 * mib) == 5 * mib);
  for (const auto bytes : {most_s3_parts * 5 * mib + 1, std::uint64_t{5} << 40}) {
    const auto part = size_of_parts(bytes, 5 * mib);
    CHECK(part > 5 * mib);
    CHECK((bytes + part - 1) / part <= most_s3_parts);
  }
}
