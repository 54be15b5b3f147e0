#include "tests/unit/actors/task/some_task.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

TEST_CASE("S14 WR-1 the run of a removed worker is retried as worker-shutdown") {
  auto task = running_task({.retries = 1});
  CHECK(task.worker_removed(some_worker) ==
        words{"release 0", "exception 0 of eu/w-17", "pending 1", "enqueue 1"});
  CHECK(task.runs() == words{"exception/worker-shutdown", "pending"});
  CHECK(task.last().created == reason_created::retry);
  CHECK(task.state.retries_left == 0);
}

TEST_CASE("S14 WR-2 without retries the task is resolved") {
  auto task = running_task({.retries = 0});
  CHECK(task.worker_removed(some_worker) ==
        words{"release 0", "exception 0 of eu/w-17", "signal exception"});
  CHECK(task.state.is_terminal());
}

TEST_CASE("WR-3 WR-7 a task that is not running is left alone") {
  for (auto task : {unscheduled_task(), pending_task(), reported_task(run_report::completed)}) {
    CHECK(task.worker_removed(some_worker).empty());
    CHECK(task.changes == 0);
  }
}

TEST_CASE("WR-5 the second message about a worker does nothing") {
  auto task = running_task();
  task.worker_removed(some_worker);
  CHECK(task.worker_removed(some_worker).empty());
  CHECK(task.state.runs.size() == 2);
}

TEST_CASE("WR-6 a run that its worker reported itself is not resolved again") {
  auto task = reported_task(run_report::worker_shutdown);
  CHECK(task.worker_removed(some_worker).empty());
  CHECK(task.runs() == words{"exception/worker-shutdown", "pending"});
}

TEST_CASE("WR-8 the runs of another worker go on") {
  auto task = running_task();
  CHECK(task.worker_removed(other_worker).empty());
  CHECK(task.worker_removed({"eu", "w-1"}).empty());
  CHECK(task.worker_removed({"e", "uw-17"}).empty());
  CHECK(task.runs() == words{"running"});
}

TEST_CASE("WR-8 the retry of a lost run stays with the worker that has it") {
  auto task = reported_task(run_report::worker_shutdown);
  task.claim(1, other_worker);
  CHECK(task.worker_removed(some_worker).empty());
  CHECK(task.worker_removed(other_worker).size() == 4);
}

TEST_CASE("CW-12 a claim that could not be delivered is given back as worker-shutdown, once") {
  auto task = running_task();
  CHECK(task.worker_gone(0) ==
        words{"release 0", "exception 0 of eu/w-17", "pending 1", "enqueue 1"});
  CHECK(task.worker_gone(0).empty());
  CHECK(task.worker_gone(1).empty());
  task.claim(1);
  CHECK(task.worker_gone(0).empty());
  CHECK(task.runs() == words{"exception/worker-shutdown", "running"});
  CHECK(unscheduled_task().worker_gone(0).empty());
}
