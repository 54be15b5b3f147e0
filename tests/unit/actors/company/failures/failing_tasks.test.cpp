// Tasks whose handlers throw come back as Redis has them.

#include "tests/unit/actors/company/failures/supervised_company.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <stdexcept>

using namespace troupe;

namespace {

std::uint16_t one_lane_or_four() { return GENERATE(std::uint16_t{1}, std::uint16_t{4}); }

const caller_ptr somebody = std::make_shared<const caller>();

// Whoever is asked about this verb throws.
std::function<void(company_parts&)> breaks_on(std::string verb,
                                              const std::atomic<bool>* broken = nullptr) {
  return [verb, broken](company_parts& parts) {
    parts.authorise_on_task = [verb, broken](const caller&, std::string_view asked, const task_id&,
                                             const task_definition&) -> outcome<void> {
      if (asked == verb && (broken == nullptr || *broken))
        throw std::runtime_error("no ink");
      return boost::system::in_place_value;
    };
  };
}

}  // namespace

TEST_CASE("a task that fails answers 500 and is as it was") {
  test::redis_server redis;
  std::atomic<bool> broken{true};
  supervised_company bench{redis, one_lane_or_four(), breaks_on("cancel", &broken)};
  REQUIRE(bench.create(numbered(1)) == 200);
  const auto failed = bench.ask(cancel_task{numbered(1), somebody, {}});
  CHECK(failed.status == 500);
  REQUIRE(failed.error);
  CHECK(failed.error->message.find("no ink") != std::string::npos);
  CHECK(bench.failures() == 1);
  CHECK(bench.state_of(numbered(1)) == "pending");
  bench.settle();
  CHECK(bench.counts() == "1/0");
  broken = false;
  CHECK(bench.ask(cancel_task{numbered(1), somebody, {}}).status == 200);
  CHECK(bench.state_of(numbered(1)) == "exception");
  bench.settle();
  CHECK(bench.counts() == "0/0");
}

TEST_CASE("requests behind the one that fails a task are answered by its successor") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four(), breaks_on("cancel")};
  REQUIRE(bench.create(numbered(1)) == 200);
  const auto statuses = bench.ask_together(
      numbered(1), get_status{numbered(1), {}}, cancel_task{numbered(1), somebody, {}},
      get_task{numbered(1), {}}, schedule_task{numbered(1), somebody, {}});
  CHECK(statuses == std::vector<std::uint16_t>{200, 500, 200, 200});
}

TEST_CASE("a task that fails again and again answers each time, and later and later of itself") {
  test::redis_server redis;
  supervised_company bench{redis, 1, breaks_on("cancel")};
  REQUIRE(bench.create(numbered(1)) == 200);
  for (int i = 0; i < 12; ++i)
    CHECK(bench.ask(cancel_task{numbered(1), somebody, {}}).status == 500);
  CHECK(bench.failures() == 12);
  CHECK(bench.state_of(numbered(1)) == "pending");
}

TEST_CASE("a claim that fails a task is given back, and its worker gets something else") {
  test::redis_server redis;
  std::atomic<int> failures_left{1};
  supervised_company bench{
      redis, one_lane_or_four(), [&](company_parts& parts) {
        parts.credentials = [&](const task_id&, run_id, const worker_name&, timestamp, timestamp,
                                const std::vector<std::string>&) -> std::string {
          if (failures_left-- > 0)
            throw std::runtime_error("no ink");
          return "{}";
        };
      }};
  REQUIRE(bench.create(numbered(1)) == 200);
  REQUIRE(bench.create(numbered(2)) == 200);
  CHECK(bench.claim(1) == std::vector{numbered(2)});
  CHECK(bench.claim(1) == std::vector{numbered(1)});
  CHECK(bench.runs_of(numbered(1)) == "exception/worker-shutdown running");
  CHECK(bench.counts() == "0/2");
  CHECK(bench.report(numbered(1), 1) == 200);
  CHECK(bench.report(numbered(2)) == 200);
  bench.settle();
  CHECK(bench.counts() == "0/0");
}

TEST_CASE("a running task that fails goes on to be reported, and its dependent is freed") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four(), breaks_on("cancel")};
  REQUIRE(bench.create(numbered(1)) == 200);
  REQUIRE(bench.create(numbered(2), {.dependencies = {numbered(1)}}) == 200);
  REQUIRE(bench.claim(1) == std::vector{numbered(1)});
  CHECK(bench.ask(cancel_task{numbered(1), somebody, {}}).status == 500);
  CHECK(bench.ask(cancel_task{numbered(2), somebody, {}}).status == 500);
  CHECK(bench.state_of(numbered(1)) == "running");
  CHECK(bench.report(numbered(1)) == 200);
  CHECK(bench.claim(1) == std::vector{numbered(2)});
}

TEST_CASE("a creation that fails half-way leaves no task, and can be repeated") {
  test::redis_server redis;
  const auto lanes = one_lane_or_four();
  supervised_company bench{redis, lanes};
  const auto group = numbered(9).str();
  REQUIRE(bench.create(numbered(1), {.group = group}) == 200);
  // The task's clock fails when group and dependencies have agreed. On several lanes that is
  // another moment than that of the command, so that its own group has to live on its lane.
  const auto own = numbered(2);
  const auto failed = bench.create_failing(own, {});
  CHECK(failed == 500);
  CHECK(bench.state_of(own) == "404");
  CHECK(bench.create(own) == 200);
  CHECK(bench.state_of(own) == "pending");
  REQUIRE(bench.claim(2).size() == 2);
  CHECK(bench.published("task-group-resolved") == 0);
  CHECK(bench.report(own) == 200);
  CHECK(bench.published("task-group-resolved") == 1);
  CHECK(bench.report(numbered(1)) == 200);
  CHECK(bench.published("task-group-resolved") == 2);
}

TEST_CASE("a required task that fails when it is asked fails the creation, not for good") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four(), breaks_on("cancel")};
  REQUIRE(bench.create(numbered(1)) == 200);
  // It fails, and is on its way back while it is asked.
  CHECK(bench.ask(cancel_task{numbered(1), somebody, {}}).status == 500);
  CHECK(bench.create(numbered(2), {.dependencies = {numbered(1)}}) == 200);
  CHECK(bench.state_of(numbered(2)) == "unscheduled");
}

TEST_CASE("what a task had resolved before it failed its group and dependents hear of") {
  test::redis_server redis;
  const auto lanes = one_lane_or_four();
  supervised_company bench{redis, lanes};
  const auto id = numbered(1);
  REQUIRE(bench.create(id) == 200);
  REQUIRE(bench.create(numbered(2), {.dependencies = {id}}) == 200);
  REQUIRE(bench.claim(1) == std::vector{id});
  // The report's clock fails before the commit, or, a few readings later, when the timer is set
  // behind it.
  for (int readings = 0; readings < 8; ++readings) {
    if (bench.state_of(id) != "running")
      break;
    bench.ask_failing(id.view(), report_run{id, 0, run_report::completed, {}}, readings);
    bench.settle();
  }
  CHECK(bench.failures() > 0);
  CHECK(bench.state_of(id) == "completed");
  CHECK(bench.claim(1) == std::vector{numbered(2)});
  CHECK(bench.published("task-group-resolved") >= 1);
  CHECK(bench.published("task-completed") == 1);
}
