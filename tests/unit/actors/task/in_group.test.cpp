// What happens to a task as a member of its group, and the tasks that depend on it.

#include "tests/unit/actors/task/some_task.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("TG-10 TG-12 a member that is not resolved is canceled with its group, in every state") {
  CHECK(pending_task().cancel_with_group() ==
        words{"dequeue 0", "exception 0", "signal exception"});
  CHECK(running_task().cancel_with_group() ==
        words{"release 0", "exception 0 of eu/w-17", "signal exception"});
  auto unscheduled = unscheduled_task();
  CHECK(unscheduled.cancel_with_group() == words{"exception 0", "signal exception"});
  CHECK(unscheduled.run(0).created == reason_created::exception);
  auto rerun = reported_task(run_report::failed);
  rerun.rerun();
  CHECK(rerun.cancel_with_group().size() == 3);
  CHECK(rerun.runs() == words{"failed/failed", "exception/canceled"});
}

TEST_CASE("TG-12 a resolved member is left, and nothing is told of it") {
  for (const auto report :
       {run_report::completed, run_report::failed, run_report::internal_error}) {
    auto task = reported_task(report);
    CHECK(task.cancel_with_group() == words{});
    CHECK(task.changes == 0);
  }
  // Unlike cancelTask, which repeats its event.
  auto canceled = pending_task();
  canceled.cancel();
  CHECK(canceled.cancel_with_group() == words{});
}

TEST_CASE("TG-13 a member past its deadline is left to it") {
  auto task = pending_task();
  task.now = task.deadline() + 1ms;
  CHECK(task.cancel_with_group() == words{});
  CHECK(task.runs() == words{"pending"});
}

// -- dependents -----------------------------------------------------------------------------------

TEST_CASE("DP-11 only edges past their expiry go, and those that are written are named") {
  task_state state;
  add_dependent(state, {id_number(1), dependency_rule::all_completed, true, some_start});
  add_dependent(state, {id_number(2), dependency_rule::all_completed, false, some_start});
  add_dependent(state, {id_number(3), dependency_rule::all_completed, true, some_start + 1ms});
  add_dependent(state, {id_number(4), dependency_rule::all_completed, true, {}});
  CHECK(drop_expired(state, some_start).empty());
  CHECK(state.dependents.size() == 4);
  CHECK(drop_expired(state, some_start + 1ms) == std::vector<task_id>{id_number(1)});
  CHECK(state.dependents.size() == 2);
  CHECK(find_dependent(state, id_number(3)) != nullptr);
  CHECK(find_dependent(state, id_number(4)) != nullptr);
  CHECK(drop_expired(state, some_start + 24h) == std::vector<task_id>{id_number(3)});
}

TEST_CASE("TK-8 DP-11 pages of dependents hold each once, in order, whatever page they are in") {
  CHECK(rc::check([] {
    std::map<task_id, task_dependent> expected;
    task_state state;
    const auto now = some_start + 1h;
    for (const auto number :
         *rc::gen::container<std::vector<unsigned>>(rc::gen::inRange(0u, 40u))) {
      const task_dependent one{id_number(number), dependency_rule::all_completed, number % 5 != 0,
                               number % 3 == 0 ? some_start : timestamp{}};
      auto& entered = add_dependent(state, one);
      RC_ASSERT(entered.id == one.id);
      expected.emplace(one.id, one);
    }
    std::vector<task_id> shown;
    for (const auto& [id, one] : expected) {
      const auto* found = find_dependent(state, id);
      RC_ASSERT(found != nullptr);
      RC_ASSERT(*found == one);
      if (one.confirmed && !is_expired(one, now))
        shown.push_back(id);
    }
    RC_ASSERT(state.dependents.size() == expected.size());
    const auto limit = *rc::gen::inRange<std::size_t>(1, 12);
    std::vector<task_id> seen;
    std::optional<task_id> after;
    for (bool more = true; more;) {
      auto page = dependents_page(state, after, limit, now);
      more = page.size() > limit;
      RC_ASSERT(page.size() <= limit + 1);
      page.resize(std::min(page.size(), limit));
      seen.insert(seen.end(), page.begin(), page.end());
      if (!page.empty())
        after = page.back();
    }
    RC_ASSERT(seen == shown);
  }));
}
