#include "gateways/remote/run_endings.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

constexpr std::string_view key =
    "primary.AAAAAAAARAyAAAAAAAAAAA.1.g.w.proj.ci.sched.CCCCCCCCRAyCCCCCCCCCCA._";

constexpr std::string_view payload =
    R"({"status":{"runs":[{},{"reasonResolved":"canceled","workerGroup":"g","workerId":"w"}]}})";

event event_of(std::string_view exchange, std::string_view routing_key,
               std::string_view body = "{}") {
  event what;
  what.exchange = exchange;
  what.routing_key = routing_key;
  what.payload = body;
  return what;
}

}  // namespace

TEST_CASE("the end of a run names its worker, and how it ended") {
  const auto done = run_ending_of(event_of("exchange/taskcluster-queue/v1/task-completed", key));
  REQUIRE(done);
  CHECK(done->worker.first.text == "proj/ci");
  CHECK(done->worker.second == worker_name{"g", "w"});
  CHECK(done->run.task.view() == "AAAAAAAARAyAAAAAAAAAAA");
  CHECK(done->run.run == 1);
  CHECK(done->how == "completed");
  const auto canceled =
      run_ending_of(event_of("exchange/taskcluster-queue/v1/task-exception", key, payload));
  REQUIRE(canceled);
  CHECK(canceled->how == "canceled");
  CHECK(canceled->worker.second == worker_name{"g", "w"});
}

TEST_CASE("who had a run that met its deadline stands in the payload only") {
  const auto late =
      run_ending_of(event_of("exchange/taskcluster-queue/v1/task-exception",
                             "primary.AAAAAAAARAyAAAAAAAAAAA.1._._.proj.ci.s.g._", payload));
  REQUIRE(late);
  CHECK(late->worker.first.text == "proj/ci");
  CHECK(late->worker.second == worker_name{"g", "w"});
}

TEST_CASE("other events, and runs that nobody had, are no ends") {
  CHECK_FALSE(run_ending_of(event_of("exchange/taskcluster-queue/v1/task-running", key)));
  CHECK_FALSE(run_ending_of(event_of("exchange/other/v1/task-completed", key)));
  CHECK_FALSE(run_ending_of(event_of("exchange/taskcluster-queue/v1/task-exception",
                                     "primary.AAAAAAAARAyAAAAAAAAAAA.0._._.proj.ci.s.g._",
                                     R"({"status":{"runs":[{"reasonResolved":"canceled"}]}})")));
  CHECK_FALSE(run_ending_of(event_of("exchange/taskcluster-queue/v1/task-exception", "primary")));
  CHECK_FALSE(run_ending_of(event_of("exchange/taskcluster-queue/v1/task-exception", key, "no")));
  CHECK_FALSE(run_ending_of(event_of("exchange/taskcluster-queue/v1/task-exception", key, "[]")));
}
