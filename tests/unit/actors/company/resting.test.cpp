// Tasks that wait long are in Redis only, and nobody can tell.

#include "tests/unit/actors/company/company_bench.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

using names = std::vector<std::string>;

constexpr auto never = 60s;
constexpr auto soon = 20ms;
const std::string some_group = "fN1SbArXTPSVFNUvaOlinQ";

std::uint16_t one_lane_or_four() { return GENERATE(std::uint16_t{1}, std::uint16_t{4}); }

bool comes_to(const company_bench& company, std::size_t actors) {
  for (int i = 0; i < 3000 && company.actors() > actors; ++i)
    std::this_thread::sleep_for(5ms);
  return company.actors() <= actors;
}

// A company in which these tasks rest: about as many actors as there were when only a task that is
// running, in the same group and queue, was there, and the worker's record.
struct resting_company {
  explicit resting_company(const test::redis_server& redis, unsigned tasks, std::uint16_t lanes = 1)
      : company{redis, lanes, never, soon} {
    REQUIRE(company.create(id_number(999)).status == 200);
    REQUIRE(company.claim().text.find(id_number(999).str()) != std::string::npos);
    few = company.actors() + 2;
    for (unsigned i = 1; i <= tasks; ++i)
      REQUIRE(company.create(id_number(i)).status == 200);
    REQUIRE(comes_to(company, few));
  }

  company_bench company;
  std::size_t few = 0;
};

bool has(const seen_answer& answer, std::string_view what) {
  return answer.status == 200 && answer.text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("IV-1 pending tasks that rest are counted, shown, claimed in order and reported") {
  test::redis_server redis;
  resting_company at{redis, 40, one_lane_or_four()};
  auto& company = at.company;
  CHECK(has(company.counts(), "\"pendingTasks\":40"));
  CHECK(has(company.status(id_number(7)), "\"state\":\"pending\""));
  const auto claimed = company.claim("proj/ci", 40).text;
  std::size_t place = 0;
  for (unsigned i = 1; i <= 40; ++i) {
    const auto found = claimed.find("{\"status\":{\"taskId\":\"" + id_number(i).str(), place);
    REQUIRE(found != std::string::npos);
    place = found;
    REQUIRE(company.report(id_number(i), run_report::completed).status == 200);
    CHECK(events_of(redis, id_number(i).view()) ==
          names{"task-defined", "task-pending", "task-running", "task-completed"});
  }
  CHECK(has(company.counts(), "\"pendingTasks\":0"));
}

TEST_CASE("a task that was asked for rests again") {
  test::redis_server redis;
  resting_company at{redis, 20};
  for (int round = 0; round < 3; ++round) {
    for (unsigned i = 1; i <= 20; ++i)
      CHECK(has(at.company.status(id_number(i)), "\"state\":\"pending\""));
    CHECK(comes_to(at.company, at.few));
  }
  CHECK(has(at.company.counts(), "\"pendingTasks\":20"));
  CHECK(events_of(redis, id_number(1).view()) == names{"task-defined", "task-pending"});
}

TEST_CASE("a task whose row is lost while it rests is unknown, and can be created again") {
  test::redis_server redis;
  resting_company at{redis, 20};
  redis.ask("DEL " + key_of(id_number(1).view(), "task:") + id_number(1).str());
  CHECK(at.company.status(id_number(1)).status == 404);
  CHECK(at.company.create(id_number(1)).status == 200);
  CHECK(has(at.company.status(id_number(1)), "\"state\":\"pending\""));
  CHECK(comes_to(at.company, at.few));
  CHECK(has(at.company.status(id_number(1)), "\"state\":\"pending\""));
}

TEST_CASE("a repeated createTask of a task that rests is one") {
  test::redis_server redis;
  company_bench company{redis, 1, never, soon};
  const auto id = id_number(1);
  const auto definition = define({});
  const auto none = company.actors();
  REQUIRE(company.ask(create_task{id, definition, {}}).status == 200);
  REQUIRE(comes_to(company, none + 2));  // group and queue
  CHECK(company.ask(create_task{id, definition, {}}).status == 200);
  CHECK(company.ask(create_task{id, define({.retries = 1}), {}}).status == 409);
  CHECK(has(company.counts(), "\"pendingTasks\":1"));
}

TEST_CASE("a task that rests can be cancelled, alone and with its group") {
  test::redis_server redis;
  resting_company at{redis, 20, one_lane_or_four()};
  auto& company = at.company;
  CHECK(has(company.cancel(id_number(3)), "\"reasonResolved\":\"canceled\""));
  CHECK(has(company.counts(), "\"pendingTasks\":19"));
  REQUIRE(company.report(id_number(999), run_report::completed).status == 200);
  const auto group = *task_group_id::parse(some_group);
  REQUIRE(company.ask(seal_group{group, std::make_shared<const caller>(), {}}).status == 200);
  REQUIRE(company.ask(cancel_group{group, std::make_shared<const caller>(), {}}).status == 200);
  for (unsigned i = 1; i <= 20; ++i)
    CHECK(has(company.status(id_number(i)), "\"state\":\"exception\""));
  CHECK(has(company.counts(), "\"pendingTasks\":0"));
  CHECK(redis_comes_to(redis, "SCARD " + key_of(id_number(1).view(), "live"), "0"));
}

TEST_CASE("DP-1 tasks that rest are freed when what they depend on is completed") {
  test::redis_server redis;
  company_bench company{redis, one_lane_or_four(), never, soon};
  const auto none = company.actors();
  REQUIRE(company.create(id_number(1)).status == 200);
  for (unsigned i = 2; i <= 10; ++i)
    REQUIRE(company.create(id_number(i), {.dependencies = {id_number(i - 1)}}).status == 200);
  REQUIRE(comes_to(company, none + 2));
  for (unsigned i = 1; i <= 10; ++i) {
    REQUIRE(has(company.claim(), id_number(i).str()));
    REQUIRE(company.report(id_number(i), run_report::completed).status == 200);
  }
  CHECK(redis_comes_to(redis, "XLEN " + key_of(some_group, "nothing"), "0"));
  for (unsigned i = 1; i <= 10; ++i)
    CHECK(has(company.status(id_number(i)), "\"state\":\"completed\""));
}

TEST_CASE("the deadline of a task that rests is kept, also after a restart") {
  test::redis_server redis;
  const auto first = id_number(1);
  const auto second = id_number(2);
  {
    company_bench company{redis, 1, never, soon};
    REQUIRE(company.create(first, {.lasts = 300ms}).status == 200);
    REQUIRE(company.create(second, {.lasts = 900ms}).status == 200);
    CHECK(redis_comes_to(redis, "SCARD " + key_of(first.view(), "live"), "0"));
    CHECK(has(company.status(first), "\"reasonResolved\":\"deadline-exceeded\""));
    CHECK(has(company.status(second), "\"state\":\"pending\""));
  }
  company_bench company{redis, 1, never, soon};
  CHECK(redis_comes_to(redis, "SCARD " + key_of(second.view(), "live"), "0"));
  CHECK(has(company.status(second), "\"reasonResolved\":\"deadline-exceeded\""));
  CHECK(has(company.counts(), "\"pendingTasks\":0"));
}

TEST_CASE("IV-1 after a restart pending tasks rest, and are claimed in order") {
  test::redis_server redis;
  const auto lanes = one_lane_or_four();
  {
    company_bench company{redis, lanes};
    for (unsigned i = 1; i <= 30; ++i)
      REQUIRE(company.create(id_number(i)).status == 200);
  }
  company_bench company{redis, lanes};
  CHECK(company.actors() < 30 + lanes * 64u);
  CHECK(has(company.counts(), "\"pendingTasks\":30"));
  for (unsigned i = 1; i <= 30; ++i)
    REQUIRE(has(company.claim(), id_number(i).str()));
}
