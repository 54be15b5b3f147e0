#include "runtime/log/event_records.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

event some_event(std::string_view exchange, std::string_view key, std::string_view payload = "{}") {
  event what;
  what.exchange = exchange;
  what.routing_key = key;
  what.payload = payload;
  return what;
}

std::string fields_of(std::string_view exchange, std::string_view key,
                      std::string_view payload = "{}") {
  std::string out;
  const std::string whole = "exchange/taskcluster-queue/v1/" + std::string{exchange};
  append_event_fields(out, some_event(whole, key, payload));
  boost::system::error_code failed;
  (void)boost::json::parse("{" + out + "}", failed);
  CHECK(!failed);
  return out;
}

constexpr std::string_view defined_key =
    "primary.fN1SbArXTPSVFNUvaOlinQ._._._.proj.ci.-.fN1SbArXTPSVFNUvaOlinQ._";
constexpr std::string_view run_key =
    "primary.fN1SbArXTPSVFNUvaOlinQ.3.eu.w-17.proj.ci.-.fN1SbArXTPSVFNUvaOlinQ._";

}  // namespace

TEST_CASE("LG-1 records of tasks name task and run as the event's key does") {
  CHECK(fields_of("task-defined", defined_key) == R"("taskId":"fN1SbArXTPSVFNUvaOlinQ")");
  for (const auto* exchange :
       {"task-pending", "task-running", "task-completed", "task-failed", "task-exception"})
    CHECK(fields_of(exchange, run_key) == R"("taskId":"fN1SbArXTPSVFNUvaOlinQ","runId":3)");
}

TEST_CASE("LG-1 a claim is recorded with its queue and its worker") {
  std::string out;
  append_claim_fields(out, some_event("exchange/taskcluster-queue/v1/task-running", run_key));
  CHECK(out == R"("taskQueueId":"proj/ci","workerGroup":"eu","workerId":"w-17",)"
               R"("taskId":"fN1SbArXTPSVFNUvaOlinQ","runId":3)");
}

TEST_CASE("LG-1 records of priorities and groups say what changed") {
  CHECK(fields_of("task-priority-changed", defined_key,
                  R"({"version":1,"status":{},"oldPriority":"low","newPriority":"high"})") ==
        R"("taskId":"fN1SbArXTPSVFNUvaOlinQ","oldPriority":"low","newPriority":"high")");
  CHECK(fields_of("task-group-sealed", "primary.fN1SbArXTPSVFNUvaOlinQ.-._",
                  R"({"version":1,"taskGroupId":"g","schedulerId":"s","expires":"later"})") ==
        R"("taskGroupId":"g","schedulerId":"s")");
  CHECK(fields_of(
            "task-group-priority-changed", "primary.fN1SbArXTPSVFNUvaOlinQ.-._",
            R"({"taskGroupId":"g","schedulerId":"s","newPriority":"high","tasksAffected":7})") ==
        R"("taskGroupId":"g","schedulerId":"s","newPriority":"high","tasksAffected":7)");
}

TEST_CASE("LG-1 events without a record of their own have none") {
  CHECK(fields_of("task-group-resolved", "primary.fN1SbArXTPSVFNUvaOlinQ.-._").empty());
  CHECK(fields_of("artifact-created", run_key).empty());
  std::string out;
  append_event_fields(out, some_event("exchange/elsewhere/v1/task-defined", defined_key));
  CHECK(out.empty());
}

TEST_CASE("keys and payloads that make no sense do no harm") {
  CHECK(fields_of("task-pending", "") == R"("taskId":"")");
  CHECK(fields_of("task-group-sealed", "", "nonsense").empty());
}
