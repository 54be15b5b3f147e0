#include "runtime/scopes/expansion.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <string>

using namespace troupe;

namespace {

bool accepted(const std::vector<role>& roles) { return check_roles(roles).has_value(); }

bool refused_as_cycle(const std::vector<role>& roles) {
  const auto verdict = check_roles(roles);
  return !verdict && verdict.error().code == error_code::input_error &&
         verdict.error().message.starts_with(
             "Roles may not contain dependency cycles, found: 'assume:");
}

}  // namespace

TEST_CASE("RLV-1 graphs without a way back are accepted") {
  CHECK(accepted({}));
  CHECK(accepted({{"a", {"assume:b", "assume:c"}}, {"b", {"assume:d"}}, {"c", {"assume:d"}}}));
  CHECK(accepted({{"a*", {"assume:b<..>"}}, {"b*", {"assume:c<..>"}}, {"c*", {"x<..>"}}}));
  for (const auto* grant : {"assume:b<..>", "b<..>*", "b<..>c", "b<..>c*"})
    CHECK(accepted({{"a*", {grant}}}));
  CHECK(accepted({{"d*", {"assume:b"}}, {"bb*", {"x"}}}));
}

TEST_CASE("RLV-2 every way back is refused") {
  CHECK(refused_as_cycle({{"a", {"assume:c"}}, {"c", {"assume:a"}}}));
  CHECK(refused_as_cycle({{"a*", {"assume:c"}}, {"c*", {"assume:a"}}}));
  CHECK(refused_as_cycle({{"a*", {"assume:<..>"}}}));
  CHECK(refused_as_cycle({{"ab", {"assume:ab"}}}));
  CHECK(refused_as_cycle({{"abc", {"assume:ab*"}}}));
  CHECK(refused_as_cycle({{"ab*", {"assume:abc"}}}));
  CHECK(refused_as_cycle({{"ab*", {"assume:ab*"}}}));
  for (const auto* grant : {"assume:ab<..>", "assume:a<..>x", "assume:ab<..>x", "<..>", "as<..>"})
    CHECK(refused_as_cycle({{"a*", {grant}}}));
  CHECK(refused_as_cycle({{"a*", {"assume:bx<..>"}}, {"b*", {"assume:a<..>"}}}));
  CHECK(refused_as_cycle({{"a*", {"assume:b<..>"}}, {"b*", {"assume:ax<..>"}}}));
  for (const auto* grant : {"*", "a*", "as*", "assum*", "assume*", "assume:*"})
    CHECK(refused_as_cycle({{"x", {grant}}}));
  CHECK(refused_as_cycle({{"anonymous", {"assume:x"}}, {"x", {"assume:anon*"}}}));
  const auto verdict = check_roles({{"a", {"assume:b"}}, {"b", {"assume:a"}}});
  REQUIRE_FALSE(verdict.has_value());
  CHECK(verdict.error().message ==
        "Roles may not contain dependency cycles, found: 'assume:a' -> 'assume:b' -> 'assume:a'");
}

TEST_CASE("RLV-3 what looks like a cycle and is none") {
  CHECK(accepted({{"abc", {"assume:def"}},
                  {"def", {"assume:ghi"}},
                  {"ghi", {"assume:jkl"}},
                  {"jkl", {"assume:abcd"}}}));
  CHECK(accepted({{"abc", {"assume:d*"}},
                  {"def", {"assume:ghi"}},
                  {"g*", {"assume:jkl"}},
                  {"jkl", {"assume:ab"}}}));
}

TEST_CASE("RLV-5 a parameter that would come back to where it began") {
  CHECK(accepted({{"test-1:*", {"assume:test-2:prefix-<..>/some-suffix"}}, {"test-2:*", {}}}));
  CHECK(refused_as_cycle({{"test-1:*", {"assume:test-2:prefix-<..>/some-suffix"}},
                          {"test-2:*", {"assume:test-1:prefix/<..>#some-suffix"}}}));
}

TEST_CASE("RLV-1 parameters that mean nothing or several things are refused") {
  const auto twice = check_roles({{"a*", {"x<..>y<..>"}}});
  REQUIRE_FALSE(twice.has_value());
  CHECK(twice.error().message == "parameterized scope 'x<..>y<..>' contains multiple '<..>'");
  const auto starred = check_roles({{"a*", {"x*<..>"}}});
  REQUIRE_FALSE(starred.has_value());
  CHECK(starred.error().message ==
        "parameterized scope 'x*<..>' ends with '*<..>' which implies an ambiguous kleene");
  CHECK(accepted({{"a", {"x<..>y<..>", "x*<..>"}}}));  // no star: plain text
  CHECK(accepted({{"a*", {"x*<..>y"}}}));
}

TEST_CASE("RLV-4 the verdict does not depend on the order of roles") {
  CHECK(rc::check([] {
    const auto text = rc::gen::map(rc::gen::container<std::string>(rc::gen::element('a', 'b', '*')),
                                   [](std::string made) { return made.substr(0, 3); });
    std::vector<role> roles;
    for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
      role made{*text, {}};
      for (int j = *rc::gen::inRange(0, 3); j > 0; --j)
        made.scopes.push_back("assume:" + *text + *rc::gen::element<std::string>("", "<..>"));
      roles.push_back(std::move(made));
    }
    const auto before = accepted(roles);
    for (std::size_t i = roles.size(); i > 1; --i)
      std::swap(roles[i - 1], roles[*rc::gen::inRange<std::size_t>(0, i)]);
    RC_ASSERT(accepted(roles) == before);
  }));
}

TEST_CASE("a chain of very many roles is checked without running out of stack") {
  std::vector<role> roles;
  for (int i = 0; i < 100'000; ++i)
    roles.push_back({"r" + std::to_string(i), {"assume:r" + std::to_string(i + 1)}});
  CHECK(accepted(roles));
  roles.push_back({"r100000", {"assume:r0"}});
  CHECK(refused_as_cycle(roles));
}
