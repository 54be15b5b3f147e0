#include "runtime/scopes/scope.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace troupe;

namespace {

rc::Gen<std::string> some_scope() {
  return rc::gen::map(rc::gen::container<std::string>(rc::gen::element('a', 'b', '*')),
                      [](std::string text) { return text.substr(0, 4); });
}

rc::Gen<scope_list> some_scopes() { return rc::gen::container<scope_list>(some_scope()); }

}  // namespace

TEST_CASE("SCP-2 what a star covers is left out") {
  CHECK(normalise({"*", "test", "te*"}) == scope_list{"*"});
  CHECK(normalise({"test*", "t*"}) == scope_list{"t*"});
  CHECK(normalise({"test*", "ab*"}) == scope_list{"ab*", "test*"});
  CHECK(normalise({"abc", "ab*", "a", "ab"}) == scope_list{"a", "ab*"});
  CHECK(normalise({"ab", "a", "abc*"}) == scope_list{"a", "ab", "abc*"});
  CHECK(normalise({"a*", "ab", "a", "abc*"}) == scope_list{"a*"});
}

TEST_CASE("API-51 a star satisfies what begins with it, and no more") {
  CHECK(satisfies("a*", "a*"));
  CHECK(satisfies("a*", "ab*"));
  CHECK(satisfies("a*", "a"));
  CHECK_FALSE(satisfies("a", "a*"));
  CHECK_FALSE(satisfies("got-only/this", "got-only/this*"));
  CHECK_FALSE(satisfies("a*b", "axb"));
}

TEST_CASE("two final stars: the last is the wildcard, the other is text") {
  const scope_set have{{"queue:x**"}};
  CHECK(have.satisfies("queue:x*"));
  CHECK(have.satisfies("queue:x**"));
  CHECK(have.satisfies("queue:x*y"));
  CHECK_FALSE(have.satisfies("queue:x"));
  CHECK_FALSE(have.satisfies("queue:xy"));
}

TEST_CASE("SCP-1 the set decides as its list does") {
  CHECK(rc::check([] {
    const auto scopes = *some_scopes();
    const auto wanted = *some_scope();
    RC_ASSERT(scope_set{scopes}.satisfies(wanted) == satisfies(scopes, wanted));
  }));
  // Every text of up to three letters, so that no odd one is left to chance.
  scope_list all{""};
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].size() < 3)
      for (char c : {'*', 'a', 'b'})
        all.push_back(all[i] + c);
  for (const auto& first : all)
    for (const auto& second : all) {
      const scope_list scopes{first, second};
      const scope_set set{scopes};
      for (const auto& wanted : all)
        if (set.satisfies(wanted) != satisfies(scopes, wanted))
          FAIL("'" << first << "' and '" << second << "' against '" << wanted << "'");
    }
}

TEST_CASE("SCP-2 the canonical form is one of a kind") {
  CHECK(rc::check([] {
    auto scopes = *some_scopes();
    const auto once = normalise(scopes);
    RC_ASSERT(normalise(once) == once);
    RC_ASSERT(std::is_sorted(once.begin(), once.end(), scope_less));
    std::reverse(scopes.begin(), scopes.end());
    RC_ASSERT(normalise(scopes) == once);
    for (const auto& scope : scopes)
      RC_ASSERT(satisfies(once, scope));
    for (const auto& scope : once) {
      auto others = once;
      others.erase(std::find(others.begin(), others.end(), scope));
      RC_ASSERT(!satisfies(others, scope));
    }
  }));
}

TEST_CASE("SCP-1 merging is normalising the union") {
  CHECK(rc::check([] {
    const auto a = *some_scopes();
    const auto b = *some_scopes();
    auto both = a;
    both.insert(both.end(), b.begin(), b.end());
    RC_ASSERT(merge(a, b) == normalise(both));
    RC_ASSERT(merge_normalised(normalise(a), normalise(b)) == normalise(both));
    RC_ASSERT(merge_unsorted(normalise(a), normalise(b)) == normalise(both));
  }));
}

TEST_CASE("SCP-1 an intersection is satisfied by both sides, and complete") {
  // But for two final stars: `a**` satisfies `a*`, and with it more than it covers, as upstream.
  CHECK(intersection({"a**"}, {"a*"}) == scope_list{"a*"});
  const auto ordinary = [](scope_list scopes) {
    std::erase_if(scopes, [](const std::string& scope) { return scope.ends_with("**"); });
    return scopes;
  };
  CHECK(rc::check([&ordinary] {
    const auto a = ordinary(*some_scopes());
    const auto b = ordinary(*some_scopes());
    const auto common = intersection(a, b);
    const auto wanted = *some_scope();
    RC_ASSERT(scope_set{common}.satisfies(wanted) ==
              (satisfies(a, wanted) && satisfies(b, wanted)));
    RC_ASSERT(intersection(b, a) == common);
  }));
}

TEST_CASE("SCP-1 many scopes, which begin alike, come to what few come to") {
  // Long beginnings that others have too, ends at and beside the places where a number of
  // characters is full, and stars.
  const auto part = rc::gen::element<std::string>("", "queue:", "route", "a", "b", "*", "12345678",
                                                  "index.some.thing.", "\x7e", "project/releng/x");
  CHECK(rc::check([&part] {
    const auto count = *rc::gen::inRange(0, 400);
    scope_list scopes;
    for (int i = 0; i < count; ++i) {
      std::string scope;
      for (const auto& text : *rc::gen::container<std::vector<std::string>>(3, part))
        scope += text;
      scopes.push_back(std::move(scope));
    }
    RC_ASSERT(normalise_views({scopes.begin(), scopes.end()}) == normalise(scopes));
  }));
}
