#include "tests/unit/actors/task/some_task.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("S5 scheduling makes run 0 pending whatever the dependencies say") {
  auto task = unscheduled_task();
  task.now = some_start + 1h;
  CHECK(task.schedule() == words{"pending 0", "enqueue 0"});
  CHECK(task.runs() == words{"pending"});
  CHECK(task.run(0).created == reason_created::scheduled);
  CHECK(task.run(0).scheduled == some_start + 1h);
  CHECK(task.state.open_dependencies == std::vector{id_number(1)});
}

TEST_CASE("SC-3 SM-3 scheduling a task that has a run changes nothing and publishes nothing") {
  for (auto task : {pending_task(), running_task(), reported_task(run_report::completed),
                    reported_task(run_report::failed), reported_task(run_report::internal_error)}) {
    const auto before = task.state;
    CHECK(task.schedule().empty());
    CHECK(task.changes == 0);
    CHECK(task.state.runs == before.runs);
  }
}

TEST_CASE("schedule, rerun and cancel are conflicts once the deadline has passed, and not before") {
  for (auto task : {unscheduled_task(), pending_task(), reported_task(run_report::completed)}) {
    auto in_time = task;
    in_time.now = task.deadline();
    CHECK(in_time.schedule() != words{"409"});
    in_time = task;
    in_time.now = task.deadline();
    CHECK(in_time.rerun() != words{"409"});
    in_time = task;
    in_time.now = task.deadline();
    CHECK(in_time.cancel() != words{"409"});

    task.now = task.deadline() + 1ms;
    CHECK(task.schedule() == words{"409"});
    CHECK(task.error.message.find("scheduled") != std::string::npos);
    CHECK(task.rerun() == words{"409"});
    CHECK(task.error.message.find("rerun") != std::string::npos);
    CHECK(task.cancel() == words{"409"});
    CHECK(task.error.message.find("canceled") != std::string::npos);
    CHECK(task.error.message.find(to_iso(task.deadline())) != std::string::npos);
  }
}

TEST_CASE("S18 RR-1 SM-5 rerun schedules a task that never had a run") {
  auto task = unscheduled_task({.dependencies = {some_id}});
  CHECK(task.rerun() == words{"pending 0", "enqueue 0"});
  CHECK(task.runs() == words{"pending"});
  CHECK(task.run(0).created == reason_created::rerun);
}

TEST_CASE("RR-2 EV-2 SM-4 rerun of a pending task changes nothing and repeats task-pending") {
  auto task = pending_task();
  CHECK(task.rerun() == words{"pending 0"});
  CHECK(task.changes == 0);
  CHECK(task.runs() == words{"pending"});
}

TEST_CASE("SM-4 rerun of a running task changes nothing and publishes nothing") {
  auto task = running_task();
  CHECK(task.rerun().empty());
  CHECK(task.changes == 0);
}

TEST_CASE("S18 RR-3 RR-4 rerun appends a run to a resolved task, and again only its event") {
  for (const auto report : {run_report::completed, run_report::failed, run_report::internal_error,
                            run_report::malformed_payload}) {
    auto task = reported_task(report);
    const auto first = task.run(0);
    task.now = some_start + 2h;
    CHECK(task.rerun() == words{"pending 1", "enqueue 1"});
    CHECK(task.run(0) == first);
    CHECK(task.last().created == reason_created::rerun);
    CHECK(task.last().scheduled == some_start + 2h);
    CHECK(task.state.ever_resolved);
    CHECK(task.rerun() == words{"pending 1"});
    CHECK(task.state.runs.size() == 2);
  }
}

TEST_CASE("S18 rerun of a canceled and of a deadline-exceeded run appends a run") {
  auto canceled = pending_task();
  canceled.cancel();
  CHECK(canceled.rerun() == words{"pending 1", "enqueue 1"});
  CHECK(canceled.runs() == words{"exception/canceled", "pending"});
}

TEST_CASE("SM-5 rerun gives back all retries") {
  auto task = pending_task({.retries = 2});
  for (run_id run = 0; run < 3; ++run) {
    task.claim(run);
    task.report(run_report::worker_shutdown, run);
  }
  CHECK(task.state.retries_left == 0);
  CHECK(task.state.is_terminal());
  task.rerun();
  CHECK(task.state.retries_left == 2);
}

namespace {

some_task task_with_runs(std::size_t count, unsigned retries) {
  auto task = reported_task(run_report::completed, {.retries = retries});
  while (task.state.runs.size() < count)
    task.state.runs.push_back(task.state.runs.front());
  return task;
}

}  // namespace

TEST_CASE("SM-4 with 48 runs and 5 retries a rerun leaves 1 retry") {
  auto task = task_with_runs(48, 5);
  CHECK(task.rerun() == words{"pending 48", "enqueue 48"});
  CHECK(task.state.retries_left == 1);
}

TEST_CASE("SM-4 the 50th run can be made, with no retry left, and the 51st cannot") {
  auto task = task_with_runs(49, 5);
  CHECK(task.rerun() == words{"pending 49", "enqueue 49"});
  CHECK(task.state.retries_left == 0);
  task.claim(49);
  CHECK(task.report(run_report::worker_shutdown, 49) ==
        words{"release 49", "exception 49 of eu/w-17", "signal exception"});
  CHECK(task.rerun() == words{"409"});
  CHECK(task.error.message.find("50 runs") != std::string::npos);
  CHECK(task.state.runs.size() == 50);
}

TEST_CASE("SM-4 a pending 50th run is no reason to refuse a rerun") {
  auto task = task_with_runs(49, 5);
  task.rerun();
  CHECK(task.rerun() == words{"pending 49"});
}

TEST_CASE("RR-7 a rerun waits with the priority the task has by now") {
  auto task = pending_task();
  task.change_priority(task_priority::high);
  task.cancel();
  task.rerun();
  CHECK(task.state.priority == task_priority::high);
  CHECK(task.state.definition->priority == task_priority::high);
}
