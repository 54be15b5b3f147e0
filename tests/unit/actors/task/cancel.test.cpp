#include "tests/unit/actors/task/some_task.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("S16 CN-1 CN-6 cancel of a pending task resolves its run and takes it out of the queue") {
  auto task = pending_task();
  task.now = some_start + 1h;
  CHECK(task.cancel() == words{"dequeue 0", "exception 0", "signal exception"});
  CHECK(task.runs() == words{"exception/canceled"});
  CHECK(task.run(0).created == reason_created::scheduled);
  CHECK(task.run(0).resolved == some_start + 1h);
  CHECK(task.run(0).started == timestamp{});
  CHECK(task.state.ever_resolved);
  CHECK(task.state.retries_left == 5);
}

TEST_CASE("CN-1 EV-2 a second cancel changes nothing, and repeats event and signal") {
  auto task = pending_task();
  task.cancel();
  const auto before = task.state;
  task.now = some_start + 1h;
  CHECK(task.cancel() == words{"exception 0", "signal exception"});
  CHECK(task.changes == 0);
  CHECK(task.state.runs == before.runs);
}

TEST_CASE("S16 CN-2 SM-6 cancel of a running task ends its claim and names its worker") {
  auto task = running_task();
  const auto taken_until = task.run(0).taken_until;
  CHECK(task.cancel() == words{"release 0", "exception 0 of eu/w-17", "signal exception"});
  CHECK(task.runs() == words{"exception/canceled"});
  CHECK(task.run(0).worker == some_worker);
  CHECK(task.run(0).taken_until == taken_until);
  CHECK(task.cancel() == words{"exception 0 of eu/w-17", "signal exception"});
}

TEST_CASE("CN-7 RC-3 the worker of a canceled run hears of it by 409") {
  auto task = running_task();
  task.cancel();
  CHECK(task.reclaim() == words{"409"});
  CHECK(task.error.message.find("canceled") != std::string::npos);
  CHECK(task.report(run_report::completed) == words{"409"});
  CHECK(task.error.message.find("canceled") != std::string::npos);
  CHECK(task.report(run_report::worker_shutdown) == words{"409"});
  CHECK(task.runs() == words{"exception/canceled"});
}

TEST_CASE("S15 CN-3 cancel of an unscheduled task makes one run that is over") {
  auto task = unscheduled_task();
  task.now = some_start + 1h;
  CHECK(task.cancel() == words{"exception 0", "signal exception"});
  CHECK(task.runs() == words{"exception/canceled"});
  CHECK(task.run(0).created == reason_created::exception);
  CHECK(task.run(0).scheduled == some_start + 1h);
  CHECK(task.run(0).resolved == some_start + 1h);
  CHECK(task.cancel() == words{"exception 0", "signal exception"});
  CHECK(task.state.runs.size() == 1);
}

TEST_CASE("SM-6 cancel of a task that ended otherwise changes nothing and publishes nothing") {
  for (const auto report :
       {run_report::completed, run_report::failed, run_report::malformed_payload}) {
    auto task = reported_task(report);
    const auto before = task.state;
    CHECK(task.cancel().empty());
    CHECK(task.changes == 0);
    CHECK(task.state.runs == before.runs);
  }
}

TEST_CASE("SM-12 CN-4 ten cancels leave exactly one canceled run") {
  for (auto task : {unscheduled_task(), pending_task(), running_task()}) {
    for (int i = 0; i < 10; ++i)
      CHECK(task.cancel() != words{"409"});
    CHECK(task.runs() == words{"exception/canceled"});
  }
}

TEST_CASE("cancel of a retry that waits names no worker and leaves the first run alone") {
  auto task = reported_task(run_report::worker_shutdown);
  CHECK(task.cancel() == words{"dequeue 1", "exception 1", "signal exception"});
  CHECK(task.runs() == words{"exception/worker-shutdown", "exception/canceled"});
  CHECK(task.last().created == reason_created::retry);
}
