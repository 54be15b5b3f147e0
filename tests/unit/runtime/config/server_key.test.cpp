#include "runtime/config/server_key.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>

using namespace troupe;

TEST_CASE("the server key is kept in the data directory, readable by its owner only") {
  char name[] = "/tmp/troupe-key-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  const std::string directory = name;
  seeded_random random(1);
  const auto first = load_server_key(directory, random);
  REQUIRE(first.has_value());
  CHECK(first->size() == 32);
  CHECK(*load_server_key(directory, random) == *first);
  CHECK(std::filesystem::status(directory + "/server-key").permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(*load_server_key("", random) != *first);

  std::ofstream{directory + "/server-key"} << "short";
  CHECK(load_server_key(directory, random).error().message.find("remove it") != std::string::npos);
  CHECK_FALSE(load_server_key(directory + "/missing", random).has_value());
  std::filesystem::remove_all(directory);
}

TEST_CASE("keys of different purposes differ") {
  CHECK(derive_key("k", "a") != derive_key("k", "b"));
  CHECK(derive_key("k", "a") == derive_key("k", "a"));
  CHECK(derive_key("k", "a").size() == 32);
}
