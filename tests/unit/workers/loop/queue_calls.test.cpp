#include "workers/loop/queue_calls.hpp"
#include "workers/worker.hpp"

#include <catch2/catch_all.hpp>

using namespace troupe;

TEST_CASE("a worker's calls are those of the HTTP API", "[calls]") {
  worker_options worker;
  worker.task_queue_id = "proj/one";
  worker.worker_group = "g\"";
  worker.worker_id = "w";
  const auto claim = claim_work_call(worker, 4);
  CHECK(claim.target == "/api/queue/v1/claim-work/proj%2Fone");
  CHECK(claim.body == R"({"workerGroup":"g\"","workerId":"w","tasks":4})");

  const run_address run{*task_id::parse("VtrmzQZ6Q2CGaOJYxyQ0Fg"), 2};
  const std::string target = "/api/queue/v1/task/VtrmzQZ6Q2CGaOJYxyQ0Fg/runs/2";
  CHECK(target_of(run) == target);
  CHECK(reclaim_call(run).target == target + "/reclaim");
  CHECK(reclaim_call(run).body.empty());
  CHECK(report_call(run, run_report::completed).target == target + "/completed");
  CHECK(report_call(run, run_report::failed).target == target + "/failed");
  CHECK(report_call(run, run_report::failed).body.empty());
  const auto exception = report_call(run, run_report::worker_shutdown);
  CHECK(exception.target == target + "/exception");
  CHECK(exception.body == R"({"reason":"worker-shutdown"})");
}

TEST_CASE("what is worth repeating", "[calls]") {
  const auto with = [](unsigned status) { return call_result{status, {}, {}, {}}; };
  CHECK(with(0).passing());
  CHECK(with(500).passing());
  CHECK(with(429).passing());
  CHECK_FALSE(with(409).passing());
  CHECK_FALSE(with(200).passing());
  CHECK(with(303).good());
  CHECK_FALSE(with(0).good());
  CHECK(call_result{200, "no JSON", {}, {}}.json().is_null());
}
