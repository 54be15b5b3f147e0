#include "tests/unit/actors/task/some_task.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("S1 CT-1 EV-7 a task without dependencies is defined, then pending, then in its queue") {
  some_task task;
  CHECK(task.create() == words{"defined", "pending 0", "enqueue 0"});
  CHECK(task.runs() == words{"pending"});
  CHECK(task.run(0).created == reason_created::scheduled);
  CHECK(task.run(0).scheduled == some_start);
  CHECK(task.run(0).worker == worker_name{});
  CHECK(task.state.enqueued_us == task.next_us);
  CHECK(task.state.retries_left == 5);
  CHECK_FALSE(task.state.ever_resolved);
  CHECK_FALSE(task.state.is_terminal());
}

TEST_CASE("S2 a task whose dependencies are all satisfied is pending at once") {
  some_task task{{.dependencies = {id_number(1), id_number(2)}}};
  task.state.open_dependencies.clear();
  CHECK(task.create() == words{"defined", "pending 0", "enqueue 0"});
}

TEST_CASE("S3 a task with an open dependency is defined and stays unscheduled") {
  some_task task{{.dependencies = {id_number(1), id_number(2)}}};
  task.state.open_dependencies = {id_number(2)};
  CHECK(task.create() == words{"defined"});
  CHECK(task.runs().empty());
  CHECK(task.changes == 0);
  CHECK_FALSE(task.state.is_pending());
  CHECK_FALSE(task.state.is_terminal());
}

TEST_CASE("DP-4 a task that depends on itself stays unscheduled until somebody schedules it") {
  auto task = unscheduled_task({.dependencies = {some_id}});
  CHECK(task.runs().empty());
  CHECK(task.schedule() == words{"pending 0", "enqueue 0"});
  CHECK(task.claim() == words{"running 0"});
}

TEST_CASE("a pending run of a task whose deadline has come is not offered to workers") {
  some_task task;
  task.now = task.deadline();
  CHECK(task.create() == words{"defined", "pending 0"});
}

TEST_CASE("CT-5 CT-16 EV-2 the same call again changes nothing and repeats both events") {
  auto task = pending_task();
  const auto before = task.state;
  for (int i = 0; i < 3; ++i) {
    CHECK(task.create_again({}) == words{"defined", "pending 0"});
    CHECK(task.changes == 0);
  }
  CHECK(task.state.runs == before.runs);
}

TEST_CASE("EV-2 a repeat repeats task-pending only while run 0 is pending") {
  CHECK(unscheduled_task().create_again({.dependencies = {id_number(1)}}) == words{"defined"});
  CHECK(running_task().create_again({}) == words{"defined"});
  CHECK(reported_task(run_report::completed).create_again({}) == words{"defined"});
  auto retried = reported_task(run_report::worker_shutdown);
  CHECK(retried.runs() == words{"exception/worker-shutdown", "pending"});
  CHECK(retried.create_again({}) == words{"defined"});
}

TEST_CASE("CT-5 how far a task has come does not matter to a repeat") {
  auto task = reported_task(run_report::worker_shutdown);
  task.now = task.deadline() + 1h;
  CHECK(task.create_again({}) == words{"defined"});
}

TEST_CASE("CT-6 another definition for the same id is a conflict and changes nothing") {
  auto task = pending_task();
  const wish others[] = {
      {.retries = 4},
      {.dependencies = {id_number(1)}},
      {.rule = dependency_rule::all_resolved},
      {.lasts = 23h},
      {.priority = "low"},
      {.routes = {}},
      {.routes = {"b", "a"}},
      {.tags = "{}"},
      {.payload = R"({"command":["false"]})"},
      {.project = "other"},
  };
  for (const auto& other : others) {
    CHECK(task.create_again(other) == words{"409"});
    CHECK(task.error.code == error_code::request_conflict);
    CHECK(task.error.message.find("different definition") != std::string::npos);
  }
  CHECK(task.runs() == words{"pending"});
}

TEST_CASE("CT-6 the order of members does not matter, that of lists does") {
  auto task = pending_task({.routes = {"a", "b"}, .payload = R"({"x":1,"y":[1,2]})"});
  CHECK(task.create_again({.routes = {"a", "b"}, .payload = R"({"y":[1,2],"x":1})"}) ==
        words{"defined", "pending 0"});
  CHECK(task.create_again({.routes = {"a", "b"}, .payload = R"({"x":1,"y":[2,1]})"}) ==
        words{"409"});
  CHECK(task.create_again({.routes = {"b", "a"}, .payload = R"({"x":1,"y":[1,2]})"}) ==
        words{"409"});
}

TEST_CASE("a pending task is small") {
  // Beside the definition; a run more for the allocation of the list.
  CHECK(sizeof(task_state) + sizeof(task_run) < 400);
}
