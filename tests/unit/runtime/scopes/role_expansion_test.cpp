#include "runtime/scopes/expansion.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <thread>

using namespace troupe;

namespace {

// What the scopes come to with these roles, without the scopes themselves.
scope_list gained(const std::vector<role>& roles, const scope_list& scopes) {
  auto all = role_expander{roles}.expand(scopes);
  std::erase_if(all, [&](const std::string& scope) {
    return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
  });
  return all;
}

// The rule as it stands in the contract, role after role.
scope_list expand_plainly(const std::vector<role>& roles, const scope_list& scopes) {
  const auto starred = [](std::string_view text) { return text.ends_with('*'); };
  const auto bare = [&](std::string_view text) {
    return std::string{starred(text) ? text.substr(0, text.size() - 1) : text};
  };
  std::set<std::string> have(scopes.begin(), scopes.end());
  scope_list work = scopes;
  while (!work.empty()) {
    const auto s = work.back();
    work.pop_back();
    for (const auto& entry : roles) {
      const auto pattern = "assume:" + entry.role_id;
      std::string rest;
      if (!starred(pattern)) {
        if (s != pattern && !(starred(s) && pattern.starts_with(bare(s))))
          continue;
      } else if (bare(s).starts_with(bare(pattern))) {
        rest = s.substr(bare(pattern).size());
      } else if (starred(s) && bare(pattern).starts_with(bare(s))) {
        rest = "*";
      } else {
        continue;
      }
      for (auto grant : entry.scopes) {
        if (const auto at = grant.find("<..>"); starred(pattern) && at != std::string::npos)
          grant = starred(rest) ? grant.substr(0, at) + rest
                                : grant.substr(0, at) + rest + grant.substr(at + 4);
        if (have.insert(grant).second)
          work.push_back(grant);
      }
    }
  }
  return normalise({have.begin(), have.end()});
}

// Some begin alike for longer than is looked at first.
rc::Gen<std::string> some_text() {
  return rc::gen::map(
      rc::gen::pair(rc::gen::element<std::string>("", "", "hook-id:aa/", "hook-id:"),
                    rc::gen::container<std::string>(
                        rc::gen::weightedElement<char>({{3, 'a'}, {3, 'b'}, {1, '*'}}))),
      [](const std::pair<std::string, std::string>& parts) {
        return parts.first + parts.second.substr(0, 4);
      });
}

rc::Gen<std::string> some_grant() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::element<std::string>("assume:", "x:", "as", ""), some_text(),
                     rc::gen::element<std::string>("", "", "<..>"), some_text()),
      [](const std::tuple<std::string, std::string, std::string, std::string>& parts) {
        return std::get<0>(parts) + std::get<1>(parts) + std::get<2>(parts) + std::get<3>(parts);
      });
}

std::vector<role> some_roles() {
  std::vector<role> roles;
  for (const auto& id : *rc::gen::container<std::set<std::string>>(some_text()))
    roles.push_back({id, *rc::gen::resize(4, rc::gen::container<scope_list>(some_grant()))});
  return roles;
}

}  // namespace

TEST_CASE("RLX-1 a prefix role gives to whoever assumes one below it") {
  const std::vector<role> roles = {{"thing-id:*", {"assume:tree:*", "assume:tree:narrow", "x"}},
                                   {"tree:oak", {"acorns"}}};
  const auto all = role_expander{roles}.expand({"assume:thing-id:test"});
  CHECK(all == scope_list{"acorns", "assume:thing-id:test", "assume:tree:*", "x"});
}

TEST_CASE("RLX-2 several prefix roles, and exact ones beside them") {
  const std::vector<role> roles = {
      {"abc*", {"first"}}, {"abc-*", {"second"}}, {"abc-x", {"third"}}};
  CHECK(gained(roles, {"assume:abc"}) == scope_list{"first"});
  CHECK(gained(roles, {"assume:abc-again"}) == scope_list{"first", "second"});
  CHECK(gained(roles, {"assume:abc-x"}) == scope_list{"first", "second", "third"});
}

TEST_CASE("RLX-3 long chains and grids expand fully") {
  for (int length : {10, 50, 500}) {
    std::vector<role> roles;
    for (int i = 0; i < length; ++i)
      roles.push_back({"r" + std::to_string(i), {"assume:r" + std::to_string(i + 1)}});
    roles.push_back({"r" + std::to_string(length), {"the-end"}});
    CHECK(role_expander{roles}.expand({"assume:r0"}).size() ==
          static_cast<std::size_t>(length) + 2);
    CHECK(check_roles(roles).has_value());
  }
  std::vector<role> grid;
  for (int row = 0; row < 25; ++row)
    for (int column = 0; column < 5; ++column) {
      role made{std::to_string(row) + "/" + std::to_string(column), {}};
      for (int next = 0; next < 5; ++next)
        made.scopes.push_back("assume:" + std::to_string(row + 1) + "/" + std::to_string(next));
      grid.push_back(std::move(made));
    }
  CHECK(role_expander{grid}.expand({"assume:0/0"}).size() == 1 + 25 * 5);
}

TEST_CASE("RLX-4 beginnings of assume: reach every role, other stars none") {
  const std::vector<role> roles = {{"one", {"x"}}, {"two:*", {"y:<..>"}}};
  for (const auto* all : {"a*", "as*", "ass*", "assu*", "assum*", "assume*", "assume:*"})
    CHECK(gained(roles, {all}) == scope_list{"x", "y:*"});
  CHECK(role_expander{roles}.expand({"*"}) == scope_list{"*"});
  for (const auto* none : {":*", "::*", ":a*", ":as*", ":assume*", ":assume:*", "assume", "b*"})
    CHECK(gained(roles, {none}).empty());
}

TEST_CASE("RLX-5 what the star stands for takes the place of <..>") {
  CHECK(gained({{"a*", {"A<..>"}}}, {"assume:abc"}) == scope_list{"Abc"});
  CHECK(gained({{"a*", {"A<..>"}}}, {"assume:abc*"}) == scope_list{"Abc*"});
  CHECK(gained({{"a*", {"A<..>X"}}}, {"assume:abc"}) == scope_list{"AbcX"});
  CHECK(gained({{"a*", {"A<..>X"}}}, {"assume:abc*"}) == scope_list{"Abc*"});
  CHECK(gained({{"abc*", {"ABC<..>DEF"}}}, {"assume:a*"}) == scope_list{"ABC*"});
  CHECK(gained({{"a", {"A<..>"}}}, {"assume:a"}) == scope_list{"A<..>"});
}

TEST_CASE("RLX-6 parameters through two levels") {
  const std::vector<role> roles = {
      {"project-admin:*", {"assume:admin-role:project-<..>/*"}},
      {"admin-role:*", {"auth:create-role:<..>"}},
      {"project:*", {"irc:<..>", "artifacts:private/<..>/*"}},
  };
  CHECK(gained(roles, {"assume:project-admin:proj1"}) ==
        scope_list{"assume:admin-role:project-proj1/*", "auth:create-role:project-proj1/*"});
  CHECK(gained(roles, {"assume:project-admin:p1", "assume:project-admin:p2"}) ==
        scope_list{"assume:admin-role:project-p1/*", "assume:admin-role:project-p2/*",
                   "auth:create-role:project-p1/*", "auth:create-role:project-p2/*"});
  CHECK(gained(roles, {"assume:project-admin:proj*"}) ==
        scope_list{"assume:admin-role:project-proj*", "auth:create-role:project-proj*"});
  CHECK(gained(roles, {"assume:project:my-prj"}) ==
        scope_list{"artifacts:private/my-prj/*", "irc:my-prj"});
}

TEST_CASE("RLX-7 a star inside an id is text") {
  const std::vector<role> roles = {{"a*b", {"1"}}, {"a*bc", {"2"}}, {"a*", {"3"}}, {"ab", {"4"}},
                                   {"abc", {"5"}}, {"b*", {"6"}},   {"ab*", {"7"}}};
  CHECK(gained(roles, {"assume:a*b*"}) == scope_list{"1", "2", "3"});
  CHECK(gained(roles, {"assume:a*b"}) == scope_list{"1", "3"});
}

TEST_CASE("RLX-8 the role of everything, long ids, and none at all") {
  const std::vector<role> roles = {{"*", {"all:<..>"}}, {"a*", {"some:<..>"}}};
  CHECK(gained(roles, {"assume:a"}) == scope_list{"all:a", "some:"});
  const std::string long_id(5000, 'a');
  CHECK(gained({{long_id, {"x"}}}, {"assume:" + long_id}) == scope_list{"x"});
  CHECK(role_expander{}.expand({"b", "a*", "ab"}) == scope_list{"a*", "b"});
  CHECK(role_expander{roles}.expand({"b", "c*", "cb"}) == scope_list{"b", "c*"});
}

TEST_CASE("RLX-9 the index finds what looking at every role finds") {
  CHECK(rc::check([] {
    const auto roles = some_roles();
    RC_PRE(check_roles(roles).has_value());
    const role_expander expander{roles};
    auto scopes = *rc::gen::container<scope_list>(some_text());
    for (auto& scope : scopes)
      scope = "assume:" + scope;
    scopes.push_back("x:*");
    const auto expected = expand_plainly(roles, scopes);
    RC_ASSERT(expander.expand(scopes) == expected);
    RC_ASSERT(expander.expand(scopes) == expected);  // now from memory
    RC_ASSERT(normalise(expander.expand(expected)) == expected);
  }));
}

TEST_CASE("roles that lead back to themselves and grow are cut off, not followed for ever") {
  const std::vector<role> roles = {{"a*", {"assume:a<..><x"}}, {"b", {"assume:b", "y"}}};
  CHECK(role_expander{roles}.expand({"assume:ab"}).size() > 1);
  CHECK(gained(roles, {"assume:b"}) == scope_list{"y"});
}

TEST_CASE("an expander is used by several threads at once") {
  std::vector<role> roles;
  for (int i = 0; i < 50; ++i)
    roles.push_back({"r" + std::to_string(i) + ":*", {"x" + std::to_string(i) + ":<..>"}});
  const role_expander expander{roles};
  const auto work = [&expander](bool& good) {
    for (int i = 0; i < 500 && good; ++i)
      good = expander.expand({"assume:r" + std::to_string(i % 50) + ":z"}).size() == 2;
  };
  bool first = true;
  bool second = true;
  std::thread other{[&] { work(first); }};
  work(second);
  other.join();
  CHECK(first);
  CHECK(second);
}

TEST_CASE("RLX-9 RLV-4 roles changed one after the other are as those made at once") {
  CHECK(rc::check([] {
    std::map<std::string, scope_list> roles;
    role_expander changed;
    const auto all = [&] {
      std::vector<role> made;
      for (const auto& [id, scopes] : roles)
        made.push_back({id, scopes});
      return made;
    };
    const auto steps = *rc::gen::inRange(0, 20);
    for (int step = 0; step < steps; ++step) {
      const auto before = roles;
      const auto id = *some_text();
      if (*rc::gen::inRange(0, 4) == 0) {
        changed = changed.without(id);
        roles.erase(id);
      } else {
        roles[id] = *rc::gen::resize(4, rc::gen::container<scope_list>(some_grant()));
        auto next = changed.with({id, roles[id]});
        RC_ASSERT(next.has_value() == check_roles(all()).has_value());
        if (next)
          changed = *std::move(next);
        else
          roles = before;
      }
      const auto scopes = *rc::gen::resize(4, rc::gen::container<scope_list>(some_grant()));
      RC_ASSERT(changed.expand(scopes) == expand_plainly(all(), scopes));
    }
  }));
}
