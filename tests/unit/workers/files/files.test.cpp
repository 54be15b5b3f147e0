#include "runtime/files/descriptor.hpp"
#include "runtime/files/gzip_file.hpp"
#include "tests/unit/workers/files/scratch.hpp"
#include "workers/files/content_type.hpp"
#include "workers/files/running_digest.hpp"
#include "workers/files/signing_key.hpp"
#include "workers/files/trees.hpp"
#include "workers/files/unpacking.hpp"

#include <catch2/catch_all.hpp>

#include <fcntl.h>
#include <sys/stat.h>

using namespace troupe;
namespace fs = std::filesystem;

TEST_CASE("workers 3.1.1: content types and packed files by their endings", "[files]") {
  CHECK(content_type_of("a/b.log") == "text/plain; charset=utf-8");
  CHECK(content_type_of("b.JSONL") == "application/jsonl");
  for (const auto* name : {"none", "dir.txt/none", ".", "x.", "a.no-such-ending"})
    CHECK(content_type_of(name) == "application/octet-stream");
  for (const auto* name : {"a.7z", "b.tar.zst", "c.WHL", "d.zz", "e.sz", "f.swf"})
    CHECK(is_compressed(name));
  for (const auto* name : {"a.txt", "zip", "dir.zip/plain", "a.tar"})
    CHECK_FALSE(is_compressed(name));
}

TEST_CASE("a file is packed as it was up to a size", "[files]") {
  const scratch place;
  const std::atomic<bool> go_on{false};
  std::string bytes;
  for (int i = 0; i < 60'000; ++i)
    bytes += std::to_string(i * 7919) + " ";
  for (const std::size_t size : {std::size_t{0}, std::size_t{131'072}, bytes.size()}) {
    const descriptor file{::open(place.write("plain", bytes).c_str(), O_RDONLY)};
    REQUIRE(gzip_file(file.get(), size, place / "packed").has_value());
    fs::remove(place / "again");
    REQUIRE(unpack_file(place / "packed", "gz", place / "again", go_on).has_value());
    CHECK(place.read("again") == bytes.substr(0, size));
    CHECK(sha256_of_file(file.get(), size) == sha256_of_file(place / "again"));
  }
}

TEST_CASE("a walk names everything, and follows no link to a directory", "[files]") {
  const scratch place;
  place.write("d/b/deep", "");
  place.write("d/a", "");
  fs::create_directories(place / "d/empty");
  fs::create_symlink("a", place / "d/link");
  fs::create_symlink("nowhere", place / "d/lost");
  fs::create_directory_symlink("..", place / "d/up");
  REQUIRE(::mkfifo((place / "d/pipe").c_str(), 0600) == 0);
  std::vector<std::pair<std::string, tree_leaf>> seen;
  walk_tree(place / "d",
            [&](const std::string& path, tree_leaf leaf) { seen.emplace_back(path, leaf); });
  CHECK(seen == std::vector<std::pair<std::string, tree_leaf>>{{"a", tree_leaf::file},
                                                               {"b/deep", tree_leaf::file},
                                                               {"link", tree_leaf::file},
                                                               {"lost", tree_leaf::missing},
                                                               {"pipe", tree_leaf::special},
                                                               {"up", tree_leaf::special}});
  seen.clear();
  walk_tree(place / "none",
            [&](const std::string& path, tree_leaf leaf) { seen.emplace_back(path, leaf); });
  CHECK(seen == std::vector<std::pair<std::string, tree_leaf>>{{".", tree_leaf::closed}});
}

TEST_CASE("a tree goes whole, and what its links lead to stays", "[files]") {
  const scratch place;
  place.write("kept/file", "");
  place.write("d/closed/file", "");
  fs::create_directory_symlink(place / "kept", place / "d/link");
  fs::permissions(place / "d/closed", fs::perms::none);
  CHECK(remove_tree(place / "d"));
  CHECK_FALSE(is_there(place / "d"));
  CHECK(place.has("kept/file"));
  CHECK(remove_tree(place / "d"));
}

TEST_CASE("a signing key is the seed of generic-worker, by the first vector of RFC 8032",
          "[files]") {
  const scratch place;
  const auto key =
      signing_key::read(place.write("key", "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n"));
  REQUIRE(key.has_value());
  CHECK(key->public_key() == "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  const auto signature = key->sign("");
  REQUIRE(signature.size() == 64);
  CHECK(static_cast<unsigned char>(signature[0]) == 0xe5);
  CHECK(static_cast<unsigned char>(signature[63]) == 0x0b);
  for (const auto* text : {"", "short", "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=AA=="})
    CHECK_FALSE(signing_key::read(place.write("bad", text)).has_value());
  CHECK_FALSE(signing_key::read(place / "missing").has_value());
}
