#include "tests/unit/actors/task/some_task.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("S6 CL-1 a run that is claimed directly is running, and leaves the queue's order") {
  auto task = pending_task();
  task.now = some_start + 3s;
  CHECK(task.claim_directly() == words{"running 0", "take 0"});
  CHECK(task.runs() == words{"running"});
  CHECK(task.run(0).worker == some_worker);
  CHECK(task.run(0).taken_until == some_start + 3s + task.settings.claim_timeout);
}

TEST_CASE("CL-2 a repeat by who holds the run tells the same again; to others it is a conflict") {
  auto task = pending_task();
  task.claim_directly();
  const auto runs = task.state.runs;
  task.now = task.now + 10s;
  CHECK(task.claim_directly() == words{"running 0"});
  CHECK(task.changes == 0);
  CHECK(task.state.runs == runs);
  CHECK(task.claim_directly(0, other_worker) == words{"409"});
  CHECK(task.error.message.find("eu/w-17") != std::string::npos);
  CHECK(task.state.runs == runs);
}

TEST_CASE("CL-2 a repeat after reclaims answers what the claim has become") {
  auto task = pending_task();
  task.claim_directly();
  task.now = task.now + 10min;
  task.reclaim();
  const auto until = task.run(0).taken_until;
  CHECK(task.claim_directly() == words{"running 0"});
  CHECK(task.run(0).taken_until == until);
}

TEST_CASE("CL-2 a run that claimWork gave is a conflict, also for its own worker") {
  auto task = running_task();
  CHECK(task.claim_directly() == words{"409"});
  // And so it is when an earlier run was claimed directly.
  auto again = pending_task();
  again.claim_directly();
  again.report(run_report::worker_shutdown);
  again.claim(1);
  CHECK(again.claim_directly(1) == words{"409"});
}

TEST_CASE("SM-1 SM-2 only the last run is claimed directly, and only while it is pending") {
  auto task = pending_task();
  CHECK(task.claim_directly(1) == words{"404"});
  CHECK(unscheduled_task().claim_directly() == words{"404"});
  task.claim_directly();
  task.report(run_report::worker_shutdown);
  CHECK(task.claim_directly(0) == words{"409"});
  CHECK(task.claim_directly(1) == words{"running 1", "take 1"});
  task.report(run_report::completed, 1);
  CHECK(task.claim_directly(1) == words{"409"});
  CHECK(task.claim_directly(2) == words{"404"});
  auto canceled = pending_task();
  canceled.cancel();
  CHECK(canceled.claim_directly() == words{"409"});
}

TEST_CASE("QUIRK-3 a worker that gets no work hears so, before it hears of the run") {
  auto task = pending_task();
  CHECK(task.claim_directly(0, some_worker, true) == words{"409"});
  CHECK(task.error.message.find("quarantine") != std::string::npos);
  CHECK(task.claim_directly(7, some_worker, true) == words{"409"});
  CHECK(task.runs() == words{"pending"});
  // Also for a repeat.
  task.claim_directly();
  CHECK(task.claim_directly(0, some_worker, true) == words{"409"});
}

TEST_CASE("from the deadline on nothing is claimed directly") {
  auto task = pending_task();
  task.now = task.deadline() - 1ms;
  CHECK(task.claim_directly().size() == 2);
  auto late = pending_task();
  late.now = late.deadline();
  CHECK(late.claim_directly() == words{"409"});
  CHECK(late.claim_directly(7) == words{"409"});
}
