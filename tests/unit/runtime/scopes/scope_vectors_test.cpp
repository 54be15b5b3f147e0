#include "runtime/scopes/expansion.hpp"
#include "runtime/scopes/expression.hpp"
#include "runtime/scopes/scope.hpp"
#include "tests/support/vectors.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace troupe;
using troupe::test::text_at;
using troupe::test::texts_at;
namespace json = boost::json;

namespace {

const json::value& vectors() {
  static const auto loaded = test::load_vectors("scope-vectors.json");
  return loaded;
}

// Runs one case of a group after another, each named by its text when it fails.
template <class Check>
void each_case(const char* group, Check check) {
  const auto& entries = vectors().at("groups").at(group);
  const auto& cases = entries.is_array() ? entries.as_array() : entries.at("cases").as_array();
  REQUIRE_FALSE(cases.empty());
  for (const auto& entry : cases) {
    INFO(json::serialize(entry));
    check(entry);
  }
}

std::vector<role> roles_of(const json::value& value) {
  std::vector<role> roles;
  for (const auto& member : value.as_object()) {
    role made{std::string{member.key()}, {}};
    for (const auto& scope : member.value().as_array())
      made.scopes.emplace_back(scope.as_string());
    roles.push_back(std::move(made));
  }
  return roles;
}

}  // namespace

TEST_CASE("SCP-1 VEC-1 valid scopes") {
  each_case("validScope", [](const json::value& c) {
    const auto& value = c.at("value");  // what is no text is no scope
    CHECK((value.is_string() && is_valid_scope(value.get_string())) == c.at("valid").as_bool());
  });
}

TEST_CASE("SCP-1 VEC-1 what satisfies what") {
  each_case("patternMatch", [](const json::value& c) {
    CHECK(satisfies(text_at(c, "pattern"), text_at(c, "scope")) == c.at("satisfies").as_bool());
  });
}

TEST_CASE("SCP-1 VEC-1 the order of scopes") {
  each_case("sort", [](const json::value& c) {
    auto scopes = texts_at(c, "input");
    std::sort(scopes.begin(), scopes.end(), scope_less);
    CHECK(scopes == texts_at(c, "sorted"));
  });
}

TEST_CASE("SCP-1 SCP-2 VEC-1 the canonical form") {
  each_case("normalise", [](const json::value& c) {
    CHECK(normalise(texts_at(c, "input")) == texts_at(c, "normalised"));
  });
}

TEST_CASE("SCP-1 VEC-1 merge, union and intersection") {
  each_case("merge", [](const json::value& c) {
    CHECK(merge(texts_at(c, "a"), texts_at(c, "b")) == texts_at(c, "merged"));
  });
  each_case("mergeUnsorted", [](const json::value& c) {
    CHECK(merge_unsorted(texts_at(c, "a"), texts_at(c, "b")) == texts_at(c, "merged"));
  });
  each_case("intersection", [](const json::value& c) {
    CHECK(intersection(texts_at(c, "a"), texts_at(c, "b")) ==
          normalise(texts_at(c, "intersection")));
  });
  each_case("union", [](const json::value& c) {
    CHECK(merge(texts_at(c, "a"), texts_at(c, "b")) == texts_at(c, "union"));
  });
}

TEST_CASE("SCP-1 VEC-1 API-45 API-51 expressions are satisfied, used and reduced") {
  each_case("satisfiesExpression", [](const json::value& c) {
    const auto expression = read_expression(c.at("expression"));
    REQUIRE(expression.has_value());
    CHECK(satisfies(scope_set{texts_at(c, "scopes")}, *expression) == c.at("satisfied").as_bool());
  });
  each_case("scopesSatisfying", [](const json::value& c) {
    const auto expression = read_expression(c.at("expression"));
    REQUIRE(expression.has_value());
    const scope_set have{texts_at(c, "scopes")};
    // Where the expression is not satisfied the vectors say so in place of a list.
    if (c.at("used").is_array())
      CHECK(satisfying_scopes(have, *expression) == texts_at(c, "used"));
    else
      CHECK_FALSE(satisfies(have, *expression));
  });
  each_case("removeGivenScopes", [](const json::value& c) {
    const auto expression = read_expression(c.at("expression"));
    REQUIRE(expression.has_value());
    const auto left = unsatisfied_part(scope_set{texts_at(c, "scopes")}, *expression);
    const auto made = left ? to_json(*left) : json::value{};
    CHECK(made == c.at("missing"));
  });
}

TEST_CASE("API-47 VEC-1 templates are read or refused") {
  each_case("templateSyntax", [](const json::value& c) {
    CHECK(scope_template::parse(c.at("template")).has_value() == c.at("valid").as_bool());
  });
}

TEST_CASE("API-47 VEC-1 templates take their values") {
  each_case("templateRender", [](const json::value& c) {
    const auto made = scope_template::parse(c.at("template"));
    REQUIRE(made.has_value());
    const auto& params = c.at("params").as_object();
    const auto value_of = [&](std::string_view name) { return params.if_contains(name); };
    const auto rendered = made->render(value_of);
    if (const auto* error = c.as_object().if_contains("error")) {
      REQUIRE_FALSE(rendered.has_value());
      CHECK(rendered.error().message == error->as_string());
      CHECK(rendered.error().code == error_code::internal_server_error);
      return;
    }
    REQUIRE(rendered.has_value());
    CHECK((*rendered ? to_json(**rendered) : json::value{}) == c.at("rendered"));
  });
}

TEST_CASE("API-48 VEC-1 the parameters of a template, and whether the path gives them all") {
  each_case("templateRender", [](const json::value& c) {
    const auto made = scope_template::parse(c.at("template"));
    REQUIRE(made.has_value());
    const auto& expected = c.at("parameters").as_array();
    REQUIRE(made->parameters().size() == expected.size());
    std::vector<std::string_view> names;
    bool all_text = true;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto& got = made->parameters()[i];
      CHECK(got.name == expected[i].at("name").as_string());
      CHECK(got.is_text == (expected[i].at("type").as_string() == "string"));
      all_text = all_text && got.is_text;
      names.push_back(got.name);
    }
    CHECK(made->authorizable_from_path(names) == all_text);
    if (!names.empty()) {
      names.pop_back();
      CHECK_FALSE(made->authorizable_from_path(names));
    }
  });
}

TEST_CASE("API-45 API-49 VEC-1 a template decides with values and scopes") {
  each_case("authorize", [](const json::value& c) {
    const auto made = scope_template::parse(c.at("template"));
    REQUIRE(made.has_value());
    const auto& params = c.at("params").as_object();
    const auto value_of = [&](std::string_view name) { return params.if_contains(name); };
    const scope_set have{texts_at(c, "scopes")};
    const auto decision = text_at(c, "decision");
    const auto is_public = made->is_public_for(value_of);
    REQUIRE(is_public.has_value());
    CHECK(*is_public == (decision == "public"));
    std::string buffer;
    const auto satisfied = made->satisfied_by(have, value_of, buffer);
    REQUIRE(satisfied.has_value());
    CHECK(*satisfied == (decision != "denied"));
    const auto required = made->render(value_of);
    REQUIRE(required.has_value());
    REQUIRE(required->has_value() == (decision != "public"));
    if (decision == "public")
      return;
    CHECK(to_json(**required) == c.at("required"));
    CHECK(satisfies(have, **required) == *satisfied);
    if (decision == "granted") {
      CHECK(satisfying_scopes(have, **required) == texts_at(c, "satisfyingScopes"));
      scope_list used;
      CHECK(*made->satisfied_by(have, value_of, buffer, &used));
      CHECK(used == texts_at(c, "satisfyingScopes"));
    } else
      CHECK(to_json(*unsatisfied_part(have, **required)) == c.at("unsatisfied"));
  });
}

TEST_CASE("RLX-9 VEC-1 roles expand") {
  const auto& sets = vectors().at("roleSets");
  each_case("expand", [&](const json::value& c) {
    const auto& roles = c.at("roles");
    const role_expander expander{roles_of(roles.is_string() ? sets.at(roles.as_string()) : roles)};
    CHECK(expander.expand(texts_at(c, "scopes")) == texts_at(c, "expanded"));
  });
  each_case("expandFuzz", [&](const json::value& c) {
    const role_expander expander{roles_of(c.at("roles"))};
    CHECK(expander.expand(texts_at(c, "scopes")) == texts_at(c, "expanded"));
  });
}

TEST_CASE("RLV-6 VEC-1 roles are accepted or refused") {
  each_case("roleValidity", [](const json::value& c) {
    const auto verdict = check_roles(roles_of(c.at("roles")));
    REQUIRE(verdict.has_value() == c.at("valid").as_bool());
    if (verdict)
      return;
    CHECK(verdict.error().code == error_code::input_error);
    // Which of several cycles is named, and where it begins, is free.
    if (c.as_object().contains("cycle"))
      CHECK(verdict.error().message.starts_with(
          "Roles may not contain dependency cycles, found: 'assume:"));
    else
      CHECK(verdict.error().message == text_at(c, "message"));
  });
}
