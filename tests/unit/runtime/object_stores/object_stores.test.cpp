#include "runtime/object_stores/object_stores.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

object_stores stores_of(std::string_view json) {
  object_settings config;
  REQUIRE(read_object_settings(json, config).empty());
  return {config, {}};
}

}  // namespace

TEST_CASE("section 5.1 the first rule whose conditions all hold takes a new object") {
  const auto stores = stores_of(R"({
    "backends": {"a": {"backendType": "local"}, "b": {"backendType": "local"}, "c": {"backendType": "local"}},
    "backendMap": [
      {"backendId": "a", "when": {"projectId": {"is": "x"}, "name": {"regexp": "\\.log$"}}},
      {"backendId": "b", "when": {"projectId": {"regexp": "^team/"}}},
      {"backendId": "c", "when": {"name": "exact.log"}},
      {"backendId": "local", "when": {"name": {"regexp": "any"}}}]})");
  CHECK(stores.choose("x", "1.log") == "a");
  CHECK(stores.choose("xx", "1.log") == std::nullopt);
  CHECK(stores.choose("x", "1.log.gz") == std::nullopt);
  CHECK(stores.choose("team/1", "1.log") == "b");
  CHECK(stores.choose("y", "exact.log") == "c");
  CHECK(stores.choose("y", "not exact.log") == std::nullopt);
  CHECK(stores.choose("y", "many") == "local");
  CHECK(stores.find("a") == nullptr);
  CHECK(stores_of("{}").choose("any", "thing") == "local");
  CHECK(stores_of(R"({"backendMap": []})").choose("any", "thing") == std::nullopt);
}

TEST_CASE("section 5.3 caches stand in for the names that they have") {
  const auto stores = stores_of(R"({"middleware": [
    {"middlewareType": "cdn", "regexp": "^public/", "baseUrl": "https://cdn.example.com/"},
    {"middlewareType": "cdn", "regexp": "log", "baseUrl": "https://logs.example.com/x-"}]})");
  CHECK(stores.cached_url("public/a b/c") == "https://cdn.example.com/public/a%20b/c");
  CHECK(stores.cached_url("private/log") == "https://logs.example.com/x-private/log");
  CHECK(stores.cached_url("private/x") == std::nullopt);
}
