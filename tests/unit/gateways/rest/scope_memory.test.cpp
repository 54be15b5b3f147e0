// What is remembered of questions about scopes.
#include "gateways/rest/scope_memory.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace troupe;
namespace json = boost::json;

namespace {

scope_template made(std::string_view text) {
  return scope_template::parse(json::parse(text)).value();
}

scope_set_ptr some_scopes() { return std::make_shared<const scope_set>(scope_list{"a:*", "b:*"}); }

struct values {
  std::map<std::string, json::value, std::less<>> given;

  scope_value operator()(std::string_view name) const {
    const auto found = given.find(name);
    return found == given.end() ? scope_value{} : scope_value{&found->second};
  }
};

const auto with_list =
    made(R"({"AllOf": ["b:<name>", {"for": "x", "in": "list", "each": "a:<x>"}]})");

}  // namespace

TEST_CASE("a question about scopes is recalled when all of it is the same") {
  scope_memory memory;
  const auto have = some_scopes();
  const values first{{{"name", "n"}, {"list", json::array{"x", "y"}}}};
  REQUIRE(memory.ask(with_list, have, first, true));
  CHECK(memory.recall() == nullptr);
  memory.keep("[used]");
  REQUIRE(memory.ask(with_list, have, first, true));
  REQUIRE(memory.recall() != nullptr);
  CHECK(*memory.recall() == "[used]");

  SECTION("not with other values") {
    for (const auto& other : {values{{{"name", "m"}, {"list", json::array{"x", "y"}}}},
                              values{{{"name", "n"}, {"list", json::array{"x"}}}},
                              values{{{"name", "n"}, {"list", json::array{"xy"}}}},
                              values{{{"name", "n"}, {"list", json::array{"x", "y", ""}}}}}) {
      REQUIRE(memory.ask(with_list, have, other, true));
      CHECK(memory.recall() == nullptr);
    }
  }
  SECTION("not of others, though they have the same scopes") {
    REQUIRE(memory.ask(with_list, some_scopes(), first, true));
    CHECK(memory.recall() == nullptr);
  }
  SECTION("not by another template") {
    const auto other = with_list;
    REQUIRE(memory.ask(other, have, first, true));
    CHECK(memory.recall() == nullptr);
  }
  SECTION("not when it did not matter which scopes are used") {
    REQUIRE(memory.ask(with_list, have, first, false));
    CHECK(memory.recall() == nullptr);
  }
  SECTION("not when scopes have changed") {
    memory.clear();
    REQUIRE(memory.ask(with_list, have, first, true));
    CHECK(memory.recall() == nullptr);
  }
}

TEST_CASE("a question is not kept where checking is quick, or its values are odd or long") {
  scope_memory memory;
  const auto have = some_scopes();
  CHECK_FALSE(memory.ask(made(R"("b:<name>")"), have, values{{{"name", "n"}}}, true));
  CHECK_FALSE(memory.ask(with_list, have, values{{{"name", "n"}}}, true));
  CHECK_FALSE(memory.ask(with_list, have, values{{{"name", "n"}, {"list", json::array{1}}}}, true));
  CHECK_FALSE(memory.ask(
      with_list, have, values{{{"name", json::string(4000, 'n')}, {"list", json::array{}}}}, true));
  CHECK_FALSE(
      memory.ask(with_list, have, values{{{"name", "n"}, {"list", json::array(3000, "x")}}}, true));
}
