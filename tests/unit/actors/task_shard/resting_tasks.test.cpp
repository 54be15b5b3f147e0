#include "actors/task_shard/resting_tasks.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>

using namespace troupe;

namespace {

task_id numbered(int number) {
  auto digits = std::to_string(number);
  digits.insert(0, 10 - digits.size(), '0');
  return *task_id::parse("AAAAAAAAQAC" + digits + "A");
}

using tasks = std::vector<task_id>;

}  // namespace

TEST_CASE("tasks that rest are given when they are due, the earliest first") {
  resting_tasks resting;
  CHECK_FALSE(resting.first_due());
  resting.add(numbered(1), {300});
  resting.add(numbered(2), {100});
  resting.add(numbered(3), {200});
  CHECK(resting.first_due() == timestamp{100});
  CHECK(resting.take_due({99}, 10) == tasks{});
  CHECK(resting.take_due({300}, 2) == tasks{numbered(2), numbered(3)});
  CHECK(resting.first_due() == timestamp{300});
  CHECK(resting.take_due({300}, 2) == tasks{numbered(1)});
  CHECK_FALSE(resting.first_due());
}

TEST_CASE("a task that is due rests until it is removed, but is not given twice") {
  resting_tasks resting;
  resting.add(numbered(1), {100});
  REQUIRE(resting.take_due({100}, 1).size() == 1);
  CHECK(resting.contains(numbered(1)));
  CHECK(resting.take_due({1000}, 1).empty());
  CHECK(resting.remove(numbered(1)));
  CHECK_FALSE(resting.remove(numbered(1)));
  CHECK_FALSE(resting.contains(numbered(1)));
  resting.add(numbered(1), {500});
  CHECK(resting.first_due() == timestamp{500});
}

TEST_CASE("a task rests alone if nobody waits for it, as far as is known, and while it rests") {
  resting_tasks resting;
  resting.add(numbered(1), {100}, true);
  resting.add(numbered(2), {100});
  CHECK(resting.is_alone(numbered(1)));
  CHECK_FALSE(resting.is_alone(numbered(2)));
  CHECK_FALSE(resting.is_alone(numbered(3)));
  resting.remove(numbered(1));
  CHECK_FALSE(resting.is_alone(numbered(1)));
}

TEST_CASE("after any changes there rest, and become due, those that a plain model says") {
  CHECK(rc::check([] {
    resting_tasks resting;
    std::map<int, std::int64_t> model;
    std::set<int> given;
    const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 4), rc::gen::inRange(0, 12), rc::gen::inRange(0, 50)));
    bool same = true;
    for (const auto& [what, number, time] : steps) {
      if (what <= 1) {
        resting.add(numbered(number), {time});
        model.try_emplace(number, time);
      } else if (what == 2) {
        same = same && resting.remove(numbered(number)) == (model.erase(number) == 1);
        given.erase(number);
      } else {
        auto due = resting.take_due({time}, 100);
        tasks expected;
        for (const auto& [id, when] : model)
          if (when <= time && given.insert(id).second)
            expected.push_back(numbered(id));
        std::sort(due.begin(), due.end());
        same = same && due == expected;
      }
      auto all = resting.ids();
      std::sort(all.begin(), all.end());
      tasks expected;
      for (const auto& [id, when] : model)
        expected.push_back(numbered(id));
      same = same && all == expected && resting.size() == model.size();
    }
    RC_ASSERT(same);
  }));
}
