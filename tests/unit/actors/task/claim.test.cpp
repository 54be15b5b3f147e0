#include "tests/unit/actors/task/some_task.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("S6 CW-3 a claim makes the run running and names worker and times") {
  auto task = pending_task();
  task.now = some_start + 3s;
  CHECK(task.claim() == words{"running 0"});
  CHECK(task.runs() == words{"running"});
  CHECK(task.run(0).worker == some_worker);
  CHECK(task.run(0).started == some_start + 3s);
  CHECK(task.run(0).taken_until == some_start + 3s + task.settings.claim_timeout);
  CHECK(task.run(0).scheduled == some_start);
  CHECK(task.state.is_running());
}

TEST_CASE("S6 the claim timeout is the deployment's") {
  auto task = pending_task();
  task.settings.claim_timeout = 300s;
  task.claim();
  CHECK(task.run(0).taken_until == some_start + 300s);
}

TEST_CASE("CW-11 SM-2 only a pending run is claimed: two workers never hold the same run") {
  auto task = running_task();
  const auto before = task.state;
  CHECK(task.claim(0, other_worker) == words{"refused"});
  CHECK(task.claim(0, some_worker) == words{"refused"});
  CHECK(task.state.runs == before.runs);
  for (const auto report :
       {run_report::completed, run_report::failed, run_report::resource_unavailable})
    CHECK(reported_task(report).claim() == words{"refused"});
  auto canceled = pending_task();
  canceled.cancel();
  CHECK(canceled.claim() == words{"refused"});
  CHECK(unscheduled_task().claim() == words{"refused"});
}

TEST_CASE("SM-1 CW-11 only the last run is claimed") {
  auto task = reported_task(run_report::worker_shutdown);
  CHECK(task.claim(0) == words{"refused"});
  CHECK(task.claim(2) == words{"refused"});
  CHECK(task.claim(1, other_worker) == words{"running 1"});
  CHECK(task.run(0).worker == some_worker);
  CHECK(task.run(1).worker == other_worker);
}

TEST_CASE("CW-11 a run is not handed out from its deadline on") {
  auto task = pending_task();
  task.now = task.deadline();
  CHECK(task.claim() == words{"refused"});
  task.now = task.deadline() - 1ms;
  CHECK(task.claim() == words{"running 0"});
}

TEST_CASE("S7 RC-1 a reclaim prolongs the claim, publishes nothing, and never shortens it") {
  auto task = running_task();
  auto last = task.run(0).taken_until;
  for (int i = 1; i <= 5; ++i) {
    task.now = some_start + i * 1min;
    CHECK(task.reclaim().empty());
    CHECK(task.changes == 1);
    CHECK(task.run(0).taken_until == task.now + task.settings.claim_timeout);
    CHECK(task.run(0).taken_until >= last);
    last = task.run(0).taken_until;
  }
  CHECK(task.run(0).started == some_start);
}

TEST_CASE(
    "QUIRK-19 a reclaim never moves takenUntil backwards, even when the timeout was reduced") {
  auto task = running_task();
  const auto before = task.run(0).taken_until;
  task.settings.claim_timeout = 60s;
  task.now = some_start + 1s;
  CHECK(task.reclaim().empty());
  CHECK(task.run(0).taken_until == before);
}

TEST_CASE("QL-6 a task can tell when its claim was made, or renewed") {
  auto task = pending_task();
  task.now = some_start + 3s;
  task.claim();
  CHECK(claimed_at(task.state, task.settings) == some_start + 3s);
  task.now = some_start + 10min;
  task.reclaim();
  CHECK(claimed_at(task.state, task.settings) == some_start + 10min);
  // Claims last longer since a restart: no earlier than it was claimed first.
  task.settings.claim_timeout = 24h;
  CHECK(claimed_at(task.state, task.settings) == some_start + 3s);
}

TEST_CASE("RC-3 SM-2 a run that is not running cannot be reclaimed, and the text says why") {
  for (const auto report :
       {run_report::completed, run_report::failed, run_report::internal_error}) {
    auto task = reported_task(report);
    CHECK(task.reclaim() == words{"409"});
    CHECK(task.error.code == error_code::request_conflict);
    CHECK(task.error.message.find(to_string(task.run(0).resolved_as)) != std::string::npos);
  }
  auto retried = reported_task(run_report::worker_shutdown);
  retried.claim(1);
  CHECK(retried.reclaim(0) == words{"409"});
  CHECK(retried.reclaim(1).empty());
}

TEST_CASE("QUIRK-23 a run that was never claimed cannot be reclaimed: 409") {
  auto task = pending_task();
  CHECK(task.reclaim() == words{"409"});
  CHECK(task.error.message.find("no worker has claimed it") != std::string::npos);
  task.cancel();
  CHECK(task.reclaim() == words{"409"});
}

TEST_CASE("reclaim of a run that does not exist is 404, also after the deadline") {
  auto task = running_task();
  CHECK(task.reclaim(1) == words{"404"});
  CHECK(task.error.code == error_code::resource_not_found);
  task.now = task.deadline();
  CHECK(task.reclaim(7) == words{"404"});
  CHECK(unscheduled_task().reclaim(0) == words{"404"});
}

TEST_CASE("S7 a claim may run beyond the deadline, but is not renewed once it has come") {
  auto task = running_task();
  task.now = task.deadline() - 1ms;
  CHECK(task.reclaim().empty());
  CHECK(task.run(0).taken_until > task.deadline());
  task.now = task.deadline();
  CHECK(task.reclaim() == words{"409"});
  CHECK(task.error.message.find("deadline") != std::string::npos);
}
