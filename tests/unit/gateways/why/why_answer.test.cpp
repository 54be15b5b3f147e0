#include "gateways/why/why_answer.hpp"

#include "messages/api/queue_methods.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace json = boost::json;
using e = scope_expression;

namespace {

std::string told(const std::vector<granting_role>& roles) {
  std::string text;
  for (const auto& one : roles) {
    text += one.role_id + (one.complete ? "!" : "?");
    for (const auto& scope : one.grants)
      text += " " + scope;
    text += ";";
  }
  return text;
}

}  // namespace

TEST_CASE("roles are told that have what is missing, by themselves or by others") {
  const role_expander roles{{{"all", {"assume:one", "b"}},
                             {"one", {"a"}},
                             {"none", {"c"}},
                             {"stars", {"*"}},
                             {"project:*", {"a:<..>"}}}};
  CHECK(told(roles_that_grant(roles, e::all({e::one("a"), e::one("b")}))) ==
        "all! a b;stars! a b;one? a;");
  CHECK(told(roles_that_grant(roles, e::any({e::one("a"), e::one("z")}))) ==
        "stars! a z;all! a;one! a;");
  CHECK(told(roles_that_grant(roles, e::one("a:x"))) == "project:*! a:x;stars! a:x;");
  CHECK(roles_that_grant(role_expander{}, e::one("a")).empty());
}

TEST_CASE("an answer says what is needed, held and missing") {
  why_findings found{queue_methods().front()};
  found.client_id = "me";
  found.have = std::make_shared<scope_set>(scope_list{"a", "c*"});
  found.needed = e::all({e::one("a"), e::any({e::one("b"), e::one("d")}), e::one("cc")});
  auto answer = json::parse(why_answer(found)).as_object();
  CHECK(answer.at("clientId") == "me");
  CHECK(answer.at("public") == false);
  CHECK(answer.at("satisfied") == false);
  CHECK(answer.at("needed") == to_json(*found.needed));
  CHECK(answer.at("held") == json::array{"a", "cc"});
  CHECK(json::serialize(answer.at("missing")) == R"({"AnyOf":["b","d"]})");
  CHECK_FALSE(answer.contains("roles"));

  std::vector<role> many;
  for (std::size_t i = 0; i < most_roles_told + 7; ++i)
    many.push_back({"role-" + std::to_string(i), {"b"}});
  const role_expander roles{std::move(many)};
  found.roles = &roles;
  answer = json::parse(why_answer(found)).as_object();
  CHECK(answer.at("roles").as_array().size() == most_roles_told);
  CHECK(answer.at("moreRoles") == 7);

  found.needed = std::nullopt;
  answer = json::parse(why_answer(found)).as_object();
  CHECK(answer.at("public") == true);
  for (const auto* absent : {"needed", "held", "missing", "roles", "trouble"})
    CHECK_FALSE(answer.contains(absent));
}

TEST_CASE("with a role that is complete nothing is missing any more, and with another something") {
  rc::check([] {
    const auto word = rc::gen::element<std::string>("a", "b", "c", "a*", "assume:r1", "assume:r2");
    std::vector<role> all;
    for (const auto* id : {"r1", "r2", "r3"})
      all.push_back({id, *rc::gen::container<scope_list>(word)});
    const role_expander roles{all};
    const scope_set have{*rc::gen::container<scope_list>(word)};
    const auto parts = [&] {
      std::vector<e> list;
      for (const auto& scope : *rc::gen::container<scope_list>(word))
        list.push_back(e::one(scope));
      return list;
    };
    auto needed = e::all(parts());
    needed.parts.push_back(e::any(parts()));
    const auto missing = unsatisfied_part(have, needed);
    RC_ASSERT(missing.has_value() != satisfies(have, needed));
    if (!missing)
      return;
    for (const auto& one : roles_that_grant(roles, *missing)) {
      auto scopes = have.list();
      scopes.push_back("assume:" + one.role_id);
      const scope_set with{merge(have.list(), roles.expand({"assume:" + one.role_id}))};
      RC_ASSERT(satisfies(with, needed) == one.complete);
    }
  });
}
