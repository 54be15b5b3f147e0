#include "tests/unit/actors/task/some_task.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("S19 PR-1 QUIRK-10 a changed priority shows in state and definition, and keeps the age") {
  auto task = pending_task();
  const auto age = task.state.enqueued_us;
  const auto before = boost::json::parse(task.state.definition->json);
  CHECK(task.change_priority(task_priority::highest) ==
        words{"priority-changed from lowest", "reprioritise 0 from lowest"});
  CHECK(task.state.priority == task_priority::highest);
  CHECK(static_cast<int>(task.state.priority) == 7);
  CHECK(task.state.enqueued_us == age);
  CHECK(task.runs() == words{"pending"});
  auto expected = before;
  expected.as_object()["priority"] = "highest";
  CHECK(boost::json::parse(task.state.definition->json) == expected);
  CHECK(task.state.definition->priority == task_priority::highest);
}

TEST_CASE("PR-6 each event tells the priority before it") {
  auto task = pending_task();
  task.change_priority(task_priority::high);
  CHECK(task.change_priority(task_priority::very_low).front() == "priority-changed from high");
}

TEST_CASE("S19 a claim is not affected, the next run is") {
  auto task = running_task();
  CHECK(task.change_priority(task_priority::high) == words{"priority-changed from lowest"});
  CHECK(task.runs() == words{"running"});
  auto unscheduled = unscheduled_task();
  CHECK(unscheduled.change_priority(task_priority::high) == words{"priority-changed from lowest"});
}

TEST_CASE(
    "PR-2 PR-7 QUIRK-5 a resolved task keeps its priority; one that was rerun may change it") {
  auto task = reported_task(run_report::completed);
  CHECK(task.change_priority(task_priority::high) == words{"409"});
  CHECK(task.error.message.find("resolved") != std::string::npos);
  CHECK(task.state.priority == task_priority::lowest);
  task.rerun();
  CHECK(task.change_priority(task_priority::high) ==
        words{"priority-changed from lowest", "reprioritise 1 from lowest"});
}

TEST_CASE("QUIRK-6 the priority the task has is a conflict, and the text says so") {
  auto task = pending_task();
  CHECK(task.change_priority(task_priority::lowest) == words{"409"});
  CHECK(task.error.message.find("it is lowest already") != std::string::npos);
}

TEST_CASE("PR-7 from its deadline on a task keeps its priority") {
  auto task = pending_task();
  task.now = task.deadline();
  CHECK(task.change_priority(task_priority::high) == words{"409"});
  task.now = task.deadline() - 1ms;
  CHECK(task.change_priority(task_priority::high).size() == 2);
}

TEST_CASE("PR-5 a priority survives cancel and rerun") {
  auto task = pending_task();
  task.change_priority(task_priority::medium);
  task.cancel();
  task.rerun();
  CHECK(task.state.priority == task_priority::medium);
}

TEST_CASE("a repeat of createTask after a priority change is a conflict, unless it says the same") {
  auto task = pending_task();
  task.change_priority(task_priority::high);
  CHECK(task.create_again({}) == words{"409"});
  CHECK(task.create_again({.priority = "high"}) == words{"defined", "pending 0"});
}

TEST_CASE("TG-14 a member of a group changes without an event of its own") {
  auto task = pending_task();
  CHECK(task.carry_out(decide_priority_in_group(task.state, task_priority::very_high, task.now)) ==
        words{"reprioritise 0 from lowest"});
  CHECK(static_cast<int>(task.state.priority) == 6);
  CHECK(task.changes == 1);
}

TEST_CASE("TG-14 members that are resolved, past their deadline or have it already are left") {
  auto unchanged = [](const some_task& task, task_priority to) {
    const auto decision = decide_priority_in_group(task.state, to, task.now);
    return decision.changes.empty() && decision.effects.empty();
  };
  CHECK(unchanged(pending_task(), task_priority::lowest));
  CHECK(unchanged(reported_task(run_report::failed), task_priority::high));
  auto late = pending_task();
  late.now = late.deadline();
  CHECK(unchanged(late, task_priority::high));
  CHECK_FALSE(unchanged(unscheduled_task(), task_priority::high));
}
