#include "tests/unit/actors/task/some_task.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("S8 RP-1 completed resolves the task; a repeat repeats event and signal alone") {
  auto task = running_task();
  task.now = some_start + 1h;
  CHECK(task.report(run_report::completed) ==
        words{"release 0", "completed 0", "signal completed"});
  CHECK(task.runs() == words{"completed/completed"});
  CHECK(task.run(0).resolved == some_start + 1h);
  CHECK(task.state.ever_resolved);
  task.now = some_start + 2h;
  CHECK(task.report(run_report::completed) == words{"completed 0", "signal completed"});
  CHECK(task.changes == 0);
  CHECK(task.run(0).resolved == some_start + 1h);
}

TEST_CASE("S9 RP-2 failed likewise, and it is never retried") {
  auto task = running_task();
  CHECK(task.report(run_report::failed) == words{"release 0", "failed 0", "signal failed"});
  CHECK(task.runs() == words{"failed/failed"});
  CHECK(task.state.retries_left == 5);
  CHECK(task.report(run_report::failed) == words{"failed 0", "signal failed"});
  CHECK(task.changes == 0);
}

TEST_CASE("RP-4 SM-2 a pending run cannot be reported") {
  auto task = pending_task();
  for (const auto report : {run_report::completed, run_report::failed, run_report::internal_error,
                            run_report::worker_shutdown}) {
    CHECK(task.report(report) == words{"409"});
    CHECK(task.error.message.find("no worker has claimed it") != std::string::npos);
  }
  CHECK(task.runs() == words{"pending"});
}

TEST_CASE("RP-5 RX-2 what was reported first stays: another report is a conflict") {
  const run_report finals[] = {run_report::completed, run_report::failed,
                               run_report::malformed_payload, run_report::resource_unavailable,
                               run_report::internal_error};
  for (const auto first : finals)
    for (const auto second :
         {run_report::completed, run_report::failed, run_report::malformed_payload,
          run_report::resource_unavailable, run_report::internal_error, run_report::worker_shutdown,
          run_report::intermittent_task}) {
      if (first == second)
        continue;
      auto task = reported_task(first);
      const auto before = task.state;
      CHECK(task.report(second) == words{"409"});
      CHECK(task.state.runs == before.runs);
    }
}

TEST_CASE("a report of a run that does not exist is 404") {
  CHECK(running_task().report(run_report::completed, 1) == words{"404"});
  CHECK(unscheduled_task().report(run_report::completed, 0) == words{"404"});
  auto task = running_task();
  task.report(run_report::internal_error, 3);
  CHECK(task.error.code == error_code::resource_not_found);
  CHECK(task.error.message.find("Run 3 of task " + some_id.str()) != std::string::npos);
}

TEST_CASE("SM-9 a run may be reported after its claim and after the deadline") {
  auto late = running_task();
  late.now = late.run(0).taken_until + 1min;
  CHECK(late.report(run_report::completed) ==
        words{"release 0", "completed 0", "signal completed"});
  auto later = running_task();
  later.now = later.deadline() + 30s;
  CHECK(later.report(run_report::failed) == words{"release 0", "failed 0", "signal failed"});
}

TEST_CASE("S10 RX-1 exceptions that are not retried resolve the task; repeats repeat the event") {
  for (const auto report : {run_report::malformed_payload, run_report::resource_unavailable,
                            run_report::internal_error}) {
    auto task = running_task();
    CHECK(task.report(report) == words{"release 0", "exception 0 of eu/w-17", "signal exception"});
    CHECK(task.state.retries_left == 5);
    CHECK(task.state.runs.size() == 1);
    CHECK(task.state.ever_resolved);
    CHECK(task.report(report) == words{"exception 0 of eu/w-17", "signal exception"});
    CHECK(task.changes == 0);
  }
}

TEST_CASE("S11 S12 RX-3 EV-4 SM-10 worker-shutdown is retried while retries last") {
  auto task = running_task({.retries = 1});
  task.now = some_start + 1h;
  const words first{"release 0", "exception 0 of eu/w-17", "pending 1", "enqueue 1"};
  CHECK(task.report(run_report::worker_shutdown) == first);
  CHECK(task.runs() == words{"exception/worker-shutdown", "pending"});
  CHECK(task.last().created == reason_created::retry);
  CHECK(task.last().scheduled == some_start + 1h);
  CHECK(task.state.enqueued_us == task.next_us);
  CHECK(task.state.retries_left == 0);
  CHECK_FALSE(task.state.ever_resolved);

  const words again{"exception 0 of eu/w-17", "pending 1"};
  CHECK(task.report(run_report::worker_shutdown) == again);
  CHECK(task.changes == 0);

  CHECK(task.claim(1, other_worker) == words{"running 1"});
  const words last{"release 1", "exception 1 of us/w-4", "signal exception"};
  CHECK(task.report(run_report::worker_shutdown, 1) == last);
  CHECK(task.runs() == words{"exception/worker-shutdown", "exception/worker-shutdown"});
  CHECK(task.state.ever_resolved);
}

TEST_CASE("S11 RX-4 intermittent-task is retried as task-retry") {
  auto task = running_task({.retries = 1});
  CHECK(task.report(run_report::intermittent_task) ==
        words{"release 0", "exception 0 of eu/w-17", "pending 1", "enqueue 1"});
  CHECK(task.runs() == words{"exception/intermittent-task", "pending"});
  CHECK(task.last().created == reason_created::task_retry);
  CHECK(task.report(run_report::intermittent_task) == words{"exception 0 of eu/w-17", "pending 1"});
  task.claim(1);
  CHECK(task.report(run_report::intermittent_task, 1) ==
        words{"release 1", "exception 1 of eu/w-17", "signal exception"});
  CHECK(task.state.runs.size() == 2);
}

TEST_CASE("SM-11 without retries an exception that could be retried is final") {
  for (const auto report : {run_report::worker_shutdown, run_report::intermittent_task}) {
    auto task = running_task({.retries = 0});
    CHECK(task.report(report) == words{"release 0", "exception 0 of eu/w-17", "signal exception"});
    CHECK(task.state.runs.size() == 1);
    CHECK(task.report(report) == words{"exception 0 of eu/w-17", "signal exception"});
  }
}

TEST_CASE("QUIRK-4 a repeat after the retry was claimed sends no signal and no task-pending") {
  auto task = reported_task(run_report::worker_shutdown);
  task.claim(1);
  CHECK(task.report(run_report::worker_shutdown) == words{"exception 0 of eu/w-17"});
  CHECK(task.changes == 0);
}

TEST_CASE("a repeat is a conflict once more than one run follows") {
  auto task = reported_task(run_report::worker_shutdown);
  task.claim(1);
  task.report(run_report::worker_shutdown, 1);
  CHECK(task.state.runs.size() == 3);
  CHECK(task.report(run_report::worker_shutdown, 0) == words{"409"});
  CHECK(task.error.message.find("by now the task has run 2") != std::string::npos);
  CHECK(task.report(run_report::worker_shutdown, 1) ==
        words{"exception 1 of eu/w-17", "pending 2"});
}

TEST_CASE("SM-1 RP-5 a run before the last one is not reported completed or failed again") {
  auto task = reported_task(run_report::completed);
  task.rerun();
  CHECK(task.report(run_report::completed, 0) == words{"409"});
  CHECK(task.runs() == words{"completed/completed", "pending"});
}

TEST_CASE("a repeat of an exception does not announce a rerun, which somebody else asked for") {
  auto task = reported_task(run_report::internal_error);
  task.rerun();
  CHECK(task.report(run_report::internal_error) == words{"exception 0 of eu/w-17"});
}

TEST_CASE("S11 a retry after the deadline is not offered to workers") {
  auto task = running_task();
  task.now = task.deadline() + 1s;
  CHECK(task.report(run_report::worker_shutdown) ==
        words{"release 0", "exception 0 of eu/w-17", "pending 1"});
}
