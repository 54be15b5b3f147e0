// What the company of a node makes of what Redis holds when it starts.

#include "tests/unit/actors/company/company_bench.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

using names = std::vector<std::string>;

const std::string some_group = "fN1SbArXTPSVFNUvaOlinQ";

}  // namespace

TEST_CASE("IV-7 after a restart a group is not resolved while a member never was") {
  for (const std::uint16_t lanes : {1, 4}) {
    test::redis_server redis;
    {
      company_bench company{redis, lanes};
      for (unsigned i = 0; i < 20; ++i)
        REQUIRE(company.create(id_number(i)).status == 200);
      for (unsigned i = 1; i < 20; ++i)
        REQUIRE(company.cancel(id_number(i)).status == 200);
      for (unsigned i = 1; i < 20; ++i)
        REQUIRE(redis_comes_to(
            redis, "SISMEMBER " + key_of(id_number(i).view(), "live") + " " + id_number(i).str(),
            "0"));
    }
    // As if the server had ended before the news of the resolutions was acknowledged.
    for (unsigned i = 1; i < 20; ++i)
      redis.ask("SADD " + key_of(id_number(i).view(), "live") + " " + id_number(i).str());
    company_bench company{redis, lanes};
    for (unsigned i = 1; i < 20; ++i)
      CHECK(redis_comes_to(
          redis, "SISMEMBER " + key_of(id_number(i).view(), "live") + " " + id_number(i).str(),
          "0"));
    CHECK(events_of(redis, some_group) == names{});
    REQUIRE(company.cancel(id_number(0)).status == 200);
    CHECK(redis_comes_to(
        redis, "SISMEMBER " + key_of(id_number(0).view(), "live") + " " + id_number(0).str(), "0"));
    CHECK(events_of(redis, some_group) == names{"task-group-resolved"});
  }
}

TEST_CASE("IV-7 the news of a resolution that nobody acknowledged is told again after a restart") {
  test::redis_server redis;
  const auto first = id_number(1);
  {
    company_bench company{redis};
    REQUIRE(company.create(first).status == 200);
    REQUIRE(company.cancel(first).status == 200);
    REQUIRE(redis_comes_to(redis, "SCARD " + key_of(first.view(), "live"), "0"));
  }
  redis.ask("SADD " + key_of(first.view(), "live") + " " + first.str());
  company_bench company{redis};
  CHECK(redis_comes_to(redis, "SCARD " + key_of(first.view(), "live"), "0"));
  CHECK(events_of(redis, some_group) == names{"task-group-resolved", "task-group-resolved"});
}

TEST_CASE("IV-1 when the doors open every queue is complete and in order, on several lanes") {
  test::redis_server redis;
  names expected;
  {
    company_bench company{redis, 4};
    for (unsigned i = 0; i < 64; ++i) {
      REQUIRE(company.create(id_number(i)).status == 200);
      expected.push_back(id_number(i).str());
    }
  }
  company_bench company{redis, 4};
  CHECK(company.counts().text.find("\"pendingTasks\":64") != std::string::npos);
  const auto claimed = company.claim("proj/ci", 64).text;
  std::size_t at = 0;
  for (const auto& id : expected) {
    const auto found = claimed.find("{\"status\":{\"taskId\":\"" + id, at);
    REQUIRE(found != std::string::npos);
    at = found;
  }
}

TEST_CASE("IV-6 a dependency that resolved while nobody could hear it frees its dependent") {
  test::redis_server redis;
  const auto first = id_number(1);
  const auto second = id_number(2);
  {
    company_bench company{redis};
    REQUIRE(company.create(first, {.queue = "proj/first"}).status == 200);
    REQUIRE(company.create(second, {.dependencies = {first}}).status == 200);
    REQUIRE(company.claim("proj/first").status == 200);
  }
  std::string status;
  {
    test::redis_server other;  // where the dependency goes on, alone
    company_bench company{other};
    REQUIRE(company.create(first, {.queue = "proj/first"}).status == 200);
    REQUIRE(company.claim("proj/first").status == 200);
    REQUIRE(company.report(first, run_report::completed).status == 200);
    status = other.ask("HGET " + key_of(first.view(), "task:") + first.str() + " status");
  }
  REQUIRE(status.find("completed") != std::string::npos);
  redis.ask("HSET " + key_of(first.view(), "task:") + first.str() + " status " + status);
  company_bench company{redis};
  CHECK(company.status(first).text.find("\"state\":\"completed\"") != std::string::npos);
  CHECK(company.claim().text.find(second.str()) != std::string::npos);
}

TEST_CASE("an edge or a membership without its task, left by a crash, does no harm") {
  test::redis_server redis;
  const auto ghost = id_number(7).str();
  const auto first = id_number(1);
  redis.ask("HSET " + key_of(first.view(), "edges:") + first.str() + " " + ghost +
            " all-completed");
  redis.ask("ZADD " + key_of(some_group, "members:") + some_group + " 0 " + ghost);
  redis.ask("SADD " + key_of(ghost, "live") + " " + ghost);
  company_bench company{redis};
  REQUIRE(company.create(first).status == 200);
  CHECK(company.status(id_number(7)).status == 404);
  const auto listed = company.ask(list_group{*task_group_id::parse(some_group), 10, {}, {}});
  CHECK(listed.text.find(ghost) == std::string::npos);
  CHECK(listed.text.find(first.str()) != std::string::npos);
  REQUIRE(company.cancel(first).status == 200);
  CHECK(
      redis_comes_to(redis, "SISMEMBER " + key_of(first.view(), "live") + " " + first.str(), "0"));
  CHECK(events_of(redis, some_group) == names{"task-group-resolved"});
  // The id is as free as any other.
  CHECK(company.create(id_number(7), {.dependencies = {first}}).status == 200);
}

TEST_CASE("keys of another kind than ours are reported once, and not overwritten") {
  test::redis_server redis;
  redis.ask("SET troupe:{03}:live mine");
  redis.ask("SET troupe:{04}:live mine");
  redis.ask("SET troupe:{05}:expiry mine");
  company_bench company{redis, 2};
  CHECK(company.recovery_error().find("something unexpected for shard") != std::string::npos);
  CHECK(redis.ask("GET troupe:{04}:live") == "mine");
}
