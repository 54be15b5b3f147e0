#include "actors/task_queue/chunked_set.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <set>
#include <vector>

using namespace troupe;

namespace {

std::vector<int> all_of(const chunked_set<int>& set) { return {set.begin(), set.end()}; }

// What both give from the key on; a set that ends is shown as that.
template <class Set, class At>
std::vector<int> next_two(const Set& set, At at) {
  std::vector<int> result;
  for (; at != set.end() && result.size() < 2; ++at)
    result.push_back(*at);
  return result;
}

void same_places(const chunked_set<int>& set, const std::set<int>& plain, int key) {
  RC_ASSERT(next_two(set, set.lower_bound(key)) == next_two(plain, plain.lower_bound(key)));
  RC_ASSERT(next_two(set, set.upper_bound(key)) == next_two(plain, plain.upper_bound(key)));
  const auto before = std::distance(plain.begin(), plain.lower_bound(key));
  RC_ASSERT(set.rank(key) == static_cast<std::size_t>(before));
}

}  // namespace

TEST_CASE("an empty set has nothing, and takes something again") {
  chunked_set<int> set;
  CHECK(set.empty());
  CHECK(set.begin() == set.end());
  CHECK(set.lower_bound(1) == set.end());
  CHECK(set.erase(1) == 0);
  CHECK(set.rank(1) == 0);
  CHECK(set.insert(1));
  CHECK_FALSE(set.insert(1));
  CHECK(set.front() == 1);
  set.pop_front();
  CHECK(set.empty());
  CHECK(set.begin() == set.end());
  CHECK(set.insert(2));
  CHECK(all_of(set) == std::vector{2});
}

TEST_CASE("entries in any order come out in order") {
  for (const int step : {1, -1, 617, -383}) {
    chunked_set<int> set;
    constexpr int count = 5000;
    for (int i = 0, key = 0; i < count; ++i, key = (key + step + count) % count)
      set.insert(key);
    CHECK(set.size() == count);
    int next = 0;
    for (const int key : set) {
      REQUIRE(set.rank(key) == static_cast<std::size_t>(key));
      REQUIRE(key == next++);
    }
    CHECK(set.rank(count + 7) == count);
    for (next = 0; !set.empty(); set.pop_front())
      REQUIRE(set.front() == next++);
    CHECK(next == count);
  }
}

TEST_CASE("a set in chunks does what a set does") {
  CHECK(rc::check([] {
    chunked_set<int> set;
    std::set<int> plain;
    const auto range = *rc::gen::elementOf(std::vector{3, 300, 100'000});
    const auto begin = *rc::gen::inRange(0, 1500);
    std::uint32_t mixed = 1 + static_cast<std::uint32_t>(begin);
    const auto any = [&] {
      mixed = mixed * 1664525u + 1013904223u;
      return static_cast<int>(mixed >> 8) % range;
    };
    for (int i = 0; i < begin; ++i) {
      const int key = any();
      RC_ASSERT(set.insert(key) == plain.insert(key).second);
    }
    const auto steps = *rc::gen::inRange(0, 2000);
    for (int i = 0; i < steps; ++i) {
      const int key = any();
      switch (any() % 5) {
        case 0:
          RC_ASSERT(set.insert(key) == plain.insert(key).second);
          break;
        case 1:
        case 2:
          RC_ASSERT(set.erase(key) == plain.erase(key));
          break;
        case 3:
          if (!plain.empty()) {
            RC_ASSERT(set.front() == *plain.begin());
            set.pop_front();
            plain.erase(plain.begin());
          }
          break;
        default:
          same_places(set, plain, key);
      }
    }
    RC_ASSERT(set.size() == plain.size());
    RC_ASSERT(all_of(set) == std::vector<int>(plain.begin(), plain.end()));
  }));
}
