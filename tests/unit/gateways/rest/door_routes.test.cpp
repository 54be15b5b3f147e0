#include "gateways/rest/door_routes.hpp"
#include "gateways/rest/uri.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

door_routes some_routes() {
  door_routes routes;
  const auto add = [&routes](std::string verb, std::string pattern, bool upgrade = false) {
    door_route route;
    route.verb = std::move(verb);
    route.pattern = std::move(pattern);
    route.upgrade = upgrade;
    routes.add(std::move(route));
  };
  add("GET", "/tasks/<taskId>");
  add("GET", "/tasks/new");
  add("GET", "/api/troupe/v1/log/<taskId>/<runId>");
  add("GET", "/api/troupe/v1/log/<taskId>/<runId>", true);
  add("PUT", "/api/troupe/v1/blob/<key*>");
  add("GET", "/api/troupe/v1/blob/<key*>");
  add("GET", "/");
  return routes;
}

}  // namespace

TEST_CASE("parameters match one segment or the rest, decoded after the match") {
  const auto routes = some_routes();
  auto found = routes.find("GET", "/tasks/a%2Fb", false);
  REQUIRE(found);
  REQUIRE(found->route != nullptr);
  CHECK(found->params == std::vector<std::string>{"a/b"});
  found = routes.find("PUT", "/api/troupe/v1/blob/t/0/public/a%20b", false);
  REQUIRE(found);
  CHECK(found->params == std::vector<std::string>{"t/0/public/a b"});
  CHECK_FALSE(routes.find("GET", "/tasks/a/b", false));
  CHECK_FALSE(routes.find("GET", "/nothing/a", false));
  CHECK(routes.find("GET", "/tasks/a/", false));
}

TEST_CASE("fixed segments win over parameters") {
  const auto routes = some_routes();
  CHECK(routes.find("GET", "/tasks/new", false)->route->pattern == "/tasks/new");
  CHECK(routes.find("GET", "/tasks/newer", false)->route->pattern == "/tasks/<taskId>");
}

TEST_CASE("an upgrade goes to its own route, a plain GET to the other") {
  const auto routes = some_routes();
  CHECK(routes.find("GET", "/api/troupe/v1/log/a/0", true)->route->upgrade);
  CHECK_FALSE(routes.find("GET", "/api/troupe/v1/log/a/0", false)->route->upgrade);
  CHECK_FALSE(routes.find("GET", "/tasks/a", true)->route->upgrade);
}

TEST_CASE("HEAD finds GET; a wrong verb finds the path but no route") {
  const auto routes = some_routes();
  CHECK(routes.find("HEAD", "/tasks/a", false)->route != nullptr);
  const auto found = routes.find("DELETE", "/api/troupe/v1/blob/x", false);
  REQUIRE(found);
  CHECK(found->route == nullptr);
  CHECK(found->verbs == std::vector<std::string_view>{"PUT", "GET"});
}

TEST_CASE("a broken escape is told") {
  const auto routes = some_routes();
  CHECK(routes.find("GET", "/tasks/%zz", false)->bad_escape);
  CHECK(routes.find("GET", "/tasks/%ff", false)->bad_escape);
}

TEST_CASE("percent decoding") {
  CHECK(percent_decoded("a%20b+c") == "a b+c");
  CHECK(percent_decoded("a%20b+c", true) == "a b c");
  CHECK(percent_decoded("%C3%A9") == "\xc3\xa9");
  for (const auto* bad : {"%", "%1", "%zz", "%C3", "%ED%A0%80", "%C0%80", "%F5%80%80%80"})
    CHECK_FALSE(percent_decoded(bad));
}

TEST_CASE("query values") {
  CHECK(query_value("a=1&b=x+y%21&c", "b") == "x y!");
  CHECK(query_value("a=1&c", "c") == "");
  CHECK_FALSE(query_value("a=1", "b"));
  CHECK_FALSE(query_value("", "b"));
  CHECK(path_of("/a/b?c=d") == "/a/b");
  CHECK(query_of("/a/b?c=d?e") == "c=d?e");
  CHECK(query_of("/a/b").empty());
}
