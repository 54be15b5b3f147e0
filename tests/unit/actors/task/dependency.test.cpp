#include "tests/unit/actors/task/some_task.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

const auto a = id_number(1);
const auto b = id_number(2);

}  // namespace

TEST_CASE("S4 DP-1 the last dependency that completes makes the task pending") {
  auto task = unscheduled_task({.dependencies = {a}});
  task.now = some_start + 1h;
  CHECK(task.dependency(a, task_resolution::completed) == words{"pending 0", "enqueue 0"});
  CHECK(task.runs() == words{"pending"});
  CHECK(task.run(0).created == reason_created::scheduled);
  CHECK(task.run(0).scheduled == some_start + 1h);
  CHECK(task.state.open_dependencies.empty());
}

TEST_CASE("DP-3 a task waits for all of its dependencies, in whatever order they complete") {
  auto task = unscheduled_task({.dependencies = {a, b}});
  auto other_way = task;
  CHECK(task.dependency(a, task_resolution::completed).empty());
  CHECK(task.changes == 1);
  CHECK(task.state.open_dependencies == std::vector{b});
  CHECK(task.dependency(b, task_resolution::completed) == words{"pending 0", "enqueue 0"});
  CHECK(other_way.dependency(b, task_resolution::completed).empty());
  CHECK(other_way.dependency(a, task_resolution::completed) == words{"pending 0", "enqueue 0"});
}

TEST_CASE("DP-3 a dependency that resolves twice counts once") {
  auto task = unscheduled_task({.dependencies = {a, b}});
  task.dependency(a, task_resolution::completed);
  CHECK(task.dependency(a, task_resolution::completed).empty());
  CHECK(task.changes == 0);
  CHECK(task.runs().empty());
}

TEST_CASE("a task that is none of its dependencies frees nothing") {
  auto task = unscheduled_task({.dependencies = {a}});
  CHECK(task.dependency(b, task_resolution::completed).empty());
  CHECK(task.changes == 0);
}

TEST_CASE("DP-5 its own dependency keeps a task when the other one resolves") {
  auto task = unscheduled_task({.dependencies = {some_id, a}});
  CHECK(task.dependency(a, task_resolution::completed).empty());
  CHECK(task.runs().empty());
  CHECK(task.state.open_dependencies == std::vector{some_id});
}

TEST_CASE("DP-7 failure and exception of a dependency leave an all-completed task unscheduled") {
  auto task = unscheduled_task({.dependencies = {a}});
  CHECK(task.dependency(a, task_resolution::failed).empty());
  CHECK(task.dependency(a, task_resolution::exception).empty());
  CHECK(task.changes == 0);
  CHECK(task.state.open_dependencies == std::vector{a});
  // A rerun of it that completes does free the task.
  CHECK(task.dependency(a, task_resolution::completed) == words{"pending 0", "enqueue 0"});
}

TEST_CASE("DP-8 DP-9 any resolution frees an all-resolved task") {
  for (const auto resolution :
       {task_resolution::completed, task_resolution::failed, task_resolution::exception}) {
    auto task = unscheduled_task({.dependencies = {a}, .rule = dependency_rule::all_resolved});
    CHECK(task.dependency(a, resolution) == words{"pending 0", "enqueue 0"});
  }
}

TEST_CASE("DP-14 which resolutions count by which rule") {
  using enum task_resolution;
  CHECK(satisfies_dependency(completed, dependency_rule::all_completed));
  CHECK_FALSE(satisfies_dependency(failed, dependency_rule::all_completed));
  CHECK_FALSE(satisfies_dependency(exception, dependency_rule::all_completed));
  CHECK(satisfies_dependency(completed, dependency_rule::all_resolved));
  CHECK(satisfies_dependency(failed, dependency_rule::all_resolved));
  CHECK(satisfies_dependency(exception, dependency_rule::all_resolved));
}

TEST_CASE("DP-14 a dependency counts as it is: not at all while it runs again") {
  CHECK_FALSE(resolution_of(unscheduled_task().state));
  CHECK_FALSE(resolution_of(pending_task().state));
  CHECK_FALSE(resolution_of(running_task().state));
  auto task = reported_task(run_report::completed);
  CHECK(resolution_of(task.state) == task_resolution::completed);
  task.rerun();
  CHECK_FALSE(resolution_of(task.state));
  task.claim(1);
  task.report(run_report::failed, 1);
  CHECK(resolution_of(task.state) == task_resolution::failed);
  CHECK(resolution_of(reported_task(run_report::internal_error).state) ==
        task_resolution::exception);
  CHECK_FALSE(resolution_of(reported_task(run_report::worker_shutdown).state));
}

TEST_CASE("S4 a dependency that resolves after the deadline schedules nothing any more") {
  auto in_time = unscheduled_task({.dependencies = {a}});
  in_time.now = in_time.deadline() - 1ms;
  CHECK(in_time.dependency(a, task_resolution::completed) == words{"pending 0", "enqueue 0"});
  auto late = unscheduled_task({.dependencies = {a}});
  late.now = late.deadline() + 1ms;
  CHECK(late.dependency(a, task_resolution::completed).empty());
  CHECK(late.state.open_dependencies.empty());
  CHECK(late.runs().empty());
}

TEST_CASE("S4 a dependency that resolves after the task was forced to run makes no second run") {
  auto scheduled = unscheduled_task({.dependencies = {a}});
  scheduled.schedule();
  CHECK(scheduled.dependency(a, task_resolution::completed).empty());
  CHECK(scheduled.state.open_dependencies.empty());
  CHECK(scheduled.runs() == words{"pending"});
  auto canceled = unscheduled_task({.dependencies = {a}});
  canceled.cancel();
  CHECK(canceled.dependency(a, task_resolution::completed).empty());
  CHECK(canceled.runs() == words{"exception/canceled"});
}

TEST_CASE("DP-10 a task with ten thousand dependencies is freed by the last of them") {
  wish many;
  for (unsigned i = 0; i < 10'000; ++i)
    many.dependencies.push_back(id_number(i));
  auto task = unscheduled_task(many);
  for (unsigned i = 0; i + 1 < 10'000; ++i)
    REQUIRE(task.dependency(id_number(i), task_resolution::completed).empty());
  CHECK(task.dependency(id_number(9'999), task_resolution::completed) ==
        words{"pending 0", "enqueue 0"});
}
