#include "runtime/scopes/expression.hpp"

#include "runtime/scopes/number_text.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace troupe;
namespace json = boost::json;

namespace {

scope_template read(std::string_view text) {
  auto made = scope_template::parse(json::parse(text));
  REQUIRE(made.has_value());
  return *made;
}

rc::Gen<std::string> some_scope() {
  return rc::gen::map(rc::gen::container<std::string>(rc::gen::element('a', 'b', '*')),
                      [](std::string text) { return text.substr(0, 3); });
}

// A random template: texts, lists, conditions and loops over the parameters x, b and list.
json::value some_template(int depth, bool in_list) {
  const auto kind = *rc::gen::inRange(0, depth == 0 ? 2 : in_list ? 7 : 6);
  if (kind <= 1)
    return json::string(kind == 0 ? *some_scope() : *some_scope() + "<x>");
  if (kind <= 3) {
    json::array parts;
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
      parts.push_back(some_template(depth - 1, true));
    return json::object{{kind == 2 ? "AllOf" : "AnyOf", std::move(parts)}};
  }
  if (kind == 6)
    return json::object{{"for", "v"}, {"in", "list"}, {"each", "<v><x>"}};
  json::object condition{{"if", "b"}, {"then", some_template(depth - 1, false)}};
  if (kind == 5)
    condition["else"] = some_template(depth - 1, false);
  return condition;
}

}  // namespace

TEST_CASE("API-45 the check without rendering decides as the rendered expression does") {
  CHECK(rc::check([] {
    const auto made = scope_template::parse(some_template(3, false));
    RC_ASSERT(made.has_value());
    json::object values{{"x", *some_scope()}, {"b", *rc::gen::arbitrary<bool>()}};
    json::array list;
    for (const auto& entry : *rc::gen::container<scope_list>(some_scope()))
      list.emplace_back(entry);
    values["list"] = std::move(list);
    const auto value_of = [&](std::string_view name) { return values.if_contains(name); };
    const scope_set have{*rc::gen::container<scope_list>(some_scope())};
    const auto rendered = made->render(value_of);
    RC_ASSERT(rendered.has_value());
    std::string buffer;
    const auto held = made->satisfied_by(have, value_of, buffer);
    RC_ASSERT(held.has_value());
    RC_ASSERT(*held == (!rendered->has_value() || satisfies(have, **rendered)));
    const auto is_public = made->is_public_for(value_of);
    RC_ASSERT(is_public.has_value());
    RC_ASSERT(*is_public == !rendered->has_value());
    scope_list used;
    const auto held_by = made->satisfied_by(have, value_of, buffer, &used);
    RC_ASSERT(held_by.has_value());
    RC_ASSERT(*held_by == *held);
    if (rendered->has_value()) {
      RC_ASSERT(unsatisfied_part(have, **rendered).has_value() != *held);
      RC_ASSERT(used == satisfying_scopes(have, **rendered));
    } else {
      RC_ASSERT(used.empty());
    }
  }));
}

TEST_CASE("API-49 an if that is false at the root asks for nothing") {
  const auto made = read(R"({"if": "private", "then": "queue:get:<x>"})");
  const json::value no = false;
  const json::value yes = true;
  const auto when = [&](const json::value& flag) {
    return [&flag](std::string_view name) {
      return name == "private" ? scope_value{&flag} : scope_value{std::string_view{"1"}};
    };
  };
  CHECK_FALSE(made.is_public());
  CHECK(*made.is_public_for(when(no)));
  CHECK_FALSE(*made.is_public_for(when(yes)));
  std::string buffer;
  CHECK(*made.satisfied_by(scope_set{}, when(no), buffer));
  CHECK_FALSE(*made.satisfied_by(scope_set{}, when(yes), buffer));
  CHECK(*made.satisfied_by(scope_set{{"queue:get:*"}}, when(yes), buffer));
}

TEST_CASE("API-47 what is missing or of the wrong type is a mistake of ours") {
  const auto nothing = [](std::string_view) { return scope_value{}; };
  std::string buffer;
  const auto text = read(R"("a:<x>")").satisfied_by(scope_set{}, nothing, buffer);
  REQUIRE_FALSE(text.has_value());
  CHECK(text.error().message ==
        "Scope expression template expected parameter 'x' to be a string or number");
  const auto loop = read(R"({"AllOf": [{"for": "v", "in": "l", "each": "<v>"}]})")
                        .satisfied_by(scope_set{}, nothing, buffer);
  REQUIRE_FALSE(loop.has_value());
  CHECK(loop.error().message == "Scope expression template expected parameter 'l' to be a array");
  const auto flag = read(R"({"if": "f", "then": "a"})").is_public_for(nothing);
  REQUIRE_FALSE(flag.has_value());
  CHECK(flag.error().message == "Scope expression template expected parameter 'f' to be a boolean");
}

TEST_CASE("a public template asks for nothing") {
  const scope_template nothing;
  const auto none = [](std::string_view) { return scope_value{}; };
  std::string buffer;
  CHECK(nothing.is_public());
  CHECK(*nothing.is_public_for(none));
  CHECK(*nothing.satisfied_by(scope_set{}, none, buffer));
  CHECK_FALSE(nothing.render(none)->has_value());
  CHECK(nothing.authorizable_from_path({}));
}

TEST_CASE("API-51 a list from the body must be held in full") {
  const auto made =
      read(R"({"AllOf": ["queue:create:<q>", {"for": "r", "in": "routes", "each": "route:<r>"}]})");
  const json::value routes = {"a", "b"};
  const auto value_of = [&](std::string_view name) {
    return name == "routes" ? scope_value{&routes} : scope_value{std::string_view{"p/w"}};
  };
  std::string buffer;
  CHECK(*made.satisfied_by(scope_set{{"queue:create:p/w", "route:*"}}, value_of, buffer));
  CHECK(*made.satisfied_by(scope_set{{"queue:*", "route:a", "route:b"}}, value_of, buffer));
  CHECK_FALSE(*made.satisfied_by(scope_set{{"queue:*", "route:a"}}, value_of, buffer));
  CHECK_FALSE(*made.satisfied_by(scope_set{{"route:*"}}, value_of, buffer));
}

TEST_CASE("API-50 the text of a 403") {
  const auto required = scope_expression::all(
      {scope_expression::one("a"),
       scope_expression::any({scope_expression::one("b:\"x\""), scope_expression::one("c")})});
  SECTION("without credentials") {
    const auto error = insufficient_scopes(scope_set{}, required, {}, false);
    CHECK(error.code == error_code::insufficient_scopes);
    CHECK(error.message ==
          "This request requires Taskcluster credentials that satisfy the following scope "
          "expression:\n\n```\n{\n  \"AllOf\": [\n    \"a\",\n    {\n      \"AnyOf\": [\n        "
          "\"b:\\\"x\\\"\",\n        \"c\"\n      ]\n    }\n  ]\n}\n```");
  }
  SECTION("with them, where one scope is missing it stands alone") {
    const auto error = insufficient_scopes(scope_set{{"c"}}, required, "me/you", true);
    CHECK(
        error.message.starts_with("Client ID me/you does not have sufficient scopes and is "
                                  "missing the following scopes:\n\n```\na\n```\n\nThis request "
                                  "requires the client to satisfy the following scope "
                                  "expression:\n\n```\n{\n  \"AllOf\": [\n"));
    CHECK(error.message.ends_with("\n```"));
  }
  SECTION("with them, any of nothing") {
    const auto error = insufficient_scopes(scope_set{{"*"}}, scope_expression::any({}), "me", true);
    CHECK(error.message ==
          "Client ID me does not have sufficient scopes and is missing the following scopes:\n\n"
          "```\n{\n  \"AnyOf\": []\n}\n```\n\nThis request requires the client to satisfy the "
          "following scope expression:\n\n```\n{\n  \"AnyOf\": []\n}\n```");
  }
}

TEST_CASE("numbers are written as JavaScript writes them") {
  const auto text = [](std::string_view number) {
    std::string out;
    return append_number_text(out, json::parse(number)) ? out : "refused";
  };
  CHECK(text("7") == "7");
  CHECK(text("-7") == "-7");
  CHECK(text("7.0") == "7");
  CHECK(text("-0.0") == "0");
  CHECK(text("1.5") == "1.5");
  CHECK(text("0.1") == "0.1");
  CHECK(text("1768478400000.5") == "1768478400000.5");
  CHECK(text("1.7e12") == "1700000000000");
  CHECK(text("9007199254740993") == "9007199254740992");
  CHECK(text("18446744073709551615") == "18446744073709552000");
  CHECK(text("-123456789012345680000") == "-123456789012345680000");
  CHECK(text("1e20") == "100000000000000000000");
  CHECK(text("1.7e21") == "refused");
  CHECK(text("1e-7") == "refused");
  CHECK(text("\"7\"") == "refused");
}
