#include "workers/caches/file_caches.hpp"

#include "tests/unit/workers/files/scratch.hpp"
#include "workers/files/running_digest.hpp"

#include <catch2/catch_all.hpp>

#include <thread>

using namespace troupe;
namespace fs = std::filesystem;

namespace {

void put(file_caches& caches, const std::string& key, const std::string& text) {
  auto made = caches.begin();
  REQUIRE(made != nullptr);
  REQUIRE(made->add(text));
  const auto sum = made->sha256();
  REQUIRE(caches.keep(std::move(made), key, {sum, "\"tag\"", "then"}).has_value());
}

std::string text_of(const cached_file& file) {
  std::ifstream from{file.path()};
  std::ostringstream text;
  text << from.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("workers 3.1.2: downloads are kept under their key, with what is known of them",
          "[caches]") {
  const scratch place;
  file_caches caches{place / "files"};
  CHECK_FALSE(caches.find("url a").has_value());
  put(caches, "url a", "text");
  file_caches again{place / "files"};
  const auto found = again.find("url a");
  REQUIRE(found.has_value());
  CHECK(text_of(*found) == "text");
  CHECK(found->facts.sha256 == "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1");
  CHECK(found->facts.entity_tag == "\"tag\"");
  CHECK(found->facts.last_modified == "then");
  CHECK(sha256_of_file(found->path()) == found->facts.sha256);
  put(caches, "url a", "new");
  CHECK(text_of(*again.find("url a")) == "new");
  CHECK(text_of(*found) == "text");  // who has it keeps it
  caches.drop("url a");
  CHECK_FALSE(again.find("url a").has_value());
}

TEST_CASE("a download that is begun again or given up leaves nothing", "[caches]") {
  const scratch place;
  file_caches caches{place / "files"};
  {
    auto made = caches.begin();
    made->add("half of");
    file_caches another{place / "files"};  // does not take it for a killed worker's
    REQUIRE(made->start_again());
    made->add("whole");
    const auto sum = made->sha256();
    REQUIRE(caches.keep(std::move(made), "k", {sum, "", ""}).has_value());
  }
  CHECK(text_of(*caches.find("k")) == "whole");
  caches.begin()->add("given up");
  place.write("files/.making-left/lock", "");
  place.write("files/.making-left/data", "of a killed worker");
  file_caches again{place / "files"};
  CHECK(std::distance(fs::directory_iterator{place / "files"}, {}) == 1);
}

TEST_CASE("workers 3.1.2: the file that was not used for the longest time goes first", "[caches]") {
  const scratch place;
  file_caches caches{place / "files"};
  for (const auto* key : {"a", "b", "c"}) {
    put(caches, key, key);
    std::this_thread::sleep_for(std::chrono::milliseconds{15});
  }
  CHECK(caches.find("a").has_value());
  CHECK(caches.drop_oldest());
  CHECK_FALSE(caches.find("b").has_value());
  CHECK(caches.drop_oldest());
  CHECK(caches.drop_oldest());
  CHECK_FALSE(caches.drop_oldest());
}
