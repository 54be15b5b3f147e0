#include "tests/unit/actors/task/some_task.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

std::optional<timestamp> next(const some_task& task) {
  return next_timer(task.state, task.now, task.settings);
}

timestamp grace_end(const some_task& task) {
  return task.deadline() + task.settings.deadline_grace;
}

}  // namespace

// -- claims ---------------------------------------------------------------------------------------

TEST_CASE("S13 SM-8 CW-8 CW-13 a claim that is not renewed expires, is retried, and at last ends") {
  auto task = running_task({.retries = 1});
  const auto first_until = task.run(0).taken_until;
  CHECK(next(task) == first_until);
  CHECK(task.timer_at(first_until - 1ms).empty());
  CHECK(task.timer_at(first_until) ==
        words{"release 0", "exception 0 of eu/w-17", "pending 1", "enqueue 1"});
  CHECK(task.runs() == words{"exception/claim-expired", "pending"});
  CHECK(task.run(0).taken_until == first_until);
  CHECK(task.run(0).resolved == first_until);
  CHECK(task.last().created == reason_created::retry);
  CHECK(task.state.retries_left == 0);

  task.claim(1);
  CHECK(task.timer_at(task.last().taken_until) ==
        words{"release 1", "exception 1 of eu/w-17", "signal exception"});
  CHECK(task.runs() == words{"exception/claim-expired", "exception/claim-expired"});
  CHECK(task.state.is_terminal());
  CHECK_FALSE(next(task));
}

TEST_CASE("SM-8 an expired claim of a task with 5 retries leaves 4") {
  auto task = running_task();
  task.timer_at(task.run(0).taken_until);
  CHECK(task.state.retries_left == 4);
}

TEST_CASE("SM-7 CR-1 a claim that was renewed does not expire at its old time") {
  auto task = running_task();
  const auto old = task.run(0).taken_until;
  task.now = some_start + 10min;
  task.reclaim();
  CHECK(task.timer_at(old).empty());
  CHECK(task.changes == 0);
  CHECK(task.runs() == words{"running"});
  CHECK(next(task) == task.run(0).taken_until);
  CHECK(task.timer_at(task.run(0).taken_until).size() == 4);
}

TEST_CASE("SM-7 CR-2 a claim time finds nothing to do once the run is over, canceled or replaced") {
  for (const auto report :
       {run_report::completed, run_report::failed, run_report::internal_error}) {
    auto task = reported_task(report);
    CHECK(task.timer_at(task.run(0).taken_until).empty());
  }
  auto canceled = running_task();
  canceled.cancel();
  CHECK(canceled.timer_at(canceled.run(0).taken_until).empty());
  auto retried = reported_task(run_report::worker_shutdown);
  CHECK(retried.timer_at(retried.run(0).taken_until).empty());
  CHECK(unscheduled_task().timer_at(some_start + 20min).empty());
}

TEST_CASE("SM-7 a claim that is lost after the deadline is left to the deadline") {
  auto task = running_task({.lasts = 10min});
  REQUIRE(task.run(0).taken_until > task.deadline());
  CHECK(next(task) == grace_end(task));
  task.timer_at(task.run(0).taken_until);
  CHECK(task.runs() == words{"exception/deadline-exceeded"});

  auto slow = running_task();
  slow.settings.claim_timeout = 24h - 1ms;  // ends right before the deadline
  slow.now = some_start;
  slow.reclaim();
  slow.now = slow.deadline() + 1ms;  // but the timer is late
  CHECK(slow.timer_at(slow.now).empty());
  CHECK(next(slow) == grace_end(slow));
}

TEST_CASE("S13 a claim that ends with the deadline still expires as a claim") {
  auto task = pending_task();
  task.settings.claim_timeout = 24h;
  task.claim();
  REQUIRE(task.run(0).taken_until == task.deadline());
  CHECK(next(task) == task.deadline());
  CHECK(task.timer_at(task.deadline()) ==
        words{"release 0", "exception 0 of eu/w-17", "pending 1"});
}

// -- the deadline ---------------------------------------------------------------------------------

TEST_CASE("S17 DL-1 an unscheduled task ends with one run that never was, a minute past deadline") {
  auto task = unscheduled_task();
  CHECK(next(task) == grace_end(task));
  CHECK(task.timer_at(task.deadline()).empty());
  CHECK(task.timer_at(grace_end(task) - 1ms).empty());
  CHECK(task.timer_at(grace_end(task)) == words{"exception 0", "signal exception"});
  CHECK(task.runs() == words{"exception/deadline-exceeded"});
  CHECK(task.run(0).created == reason_created::exception);
  CHECK(task.run(0).scheduled == grace_end(task));
  CHECK(task.run(0).resolved == grace_end(task));
  CHECK(task.state.ever_resolved);
}

TEST_CASE("S17 DL-2 a pending task leaves its queue at the deadline and ends a minute later") {
  auto task = pending_task();
  CHECK(next(task) == task.deadline());
  CHECK(task.timer_at(task.deadline()) == words{"dequeue 0"});
  CHECK(task.changes == 0);
  CHECK(next(task) == grace_end(task));
  CHECK(task.timer_at(grace_end(task)) == words{"dequeue 0", "exception 0", "signal exception"});
  CHECK(task.runs() == words{"exception/deadline-exceeded"});
  CHECK(task.run(0).created == reason_created::scheduled);
}

TEST_CASE("S17 DL-3 a running task ends, and its event names no worker, though its run does") {
  auto task = running_task({.lasts = 10min});
  CHECK(task.timer_at(grace_end(task)) == words{"release 0", "exception 0", "signal exception"});
  CHECK(task.runs() == words{"exception/deadline-exceeded"});
  CHECK(task.run(0).worker == some_worker);
  CHECK(task.state.retries_left == 5);
}

TEST_CASE("DL-4 EV-5 the deadline of a resolved task does nothing") {
  for (auto task : {reported_task(run_report::completed), reported_task(run_report::failed),
                    reported_task(run_report::internal_error)}) {
    const auto before = task.state;
    CHECK_FALSE(next(task));
    CHECK(task.timer_at(grace_end(task)).empty());
    CHECK(task.changes == 0);
    CHECK(task.state.runs == before.runs);
  }
}

TEST_CASE("DL-5 a rerun meets the deadline of its task") {
  auto task = reported_task(run_report::completed);
  task.rerun();
  CHECK(next(task) == task.deadline());
  task.timer_at(grace_end(task));
  CHECK(task.runs() == words{"completed/completed", "exception/deadline-exceeded"});
}

TEST_CASE("SM-9 S17 a task that was reported in the minute after its deadline stays as reported") {
  auto task = running_task({.lasts = 10min});
  task.now = task.deadline() + 30s;
  task.report(run_report::completed);
  CHECK(task.timer_at(grace_end(task)).empty());
  CHECK(task.runs() == words{"completed/completed"});
}

TEST_CASE("IV-3 a late timer does what was due in the meantime and leaves nothing due") {
  for (auto task : {unscheduled_task(), pending_task(), running_task()}) {
    task.timer_at(grace_end(task) + 48h);
    CHECK(task.state.is_terminal());
    CHECK_FALSE(next(task));
  }
}
