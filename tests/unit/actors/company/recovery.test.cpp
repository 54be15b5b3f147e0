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

TEST_CASE("GR-3 an expired group is forgotten, with its members, and its id can be used anew") {
  test::redis_server redis;
  const auto group = *task_group_id::parse(some_group);
  const auto listed = [&](company_bench& company) {
    return company.ask(list_group{group, 10, {}, {}});
  };
  {
    company_bench company{redis};
    for (unsigned i = 1; i <= 2; ++i) {
      REQUIRE(company.create(id_number(i)).status == 200);
      REQUIRE(company.cancel(id_number(i)).status == 200);
    }
    REQUIRE(redis_comes_to(redis, "SCARD " + key_of(id_number(1).view(), "live"), "0"));
    REQUIRE(redis_comes_to(redis, "SCARD " + key_of(id_number(2).view(), "live"), "0"));
    CHECK(company.create(id_number(3), {.scheduler = "other"}).status == 409);
  }
  // As if it were long ago.
  redis.ask("HSET " + key_of(some_group, "group:") + some_group + " expires 1000 sealed 900");
  company_bench company{redis};
  CHECK(listed(company).status == 404);
  CHECK(company.ask(get_group{group, {}}).status == 404);
  REQUIRE(company.create(id_number(3), {.scheduler = "other"}).status == 200);
  const auto text = listed(company).text;
  CHECK(text.find(id_number(3).str()) != std::string::npos);
  CHECK(text.find(id_number(1).str()) == std::string::npos);
  CHECK(text.find("\"schedulerId\":\"other\"") != std::string::npos);
  CHECK(text.find("sealed") == std::string::npos);
  // And from now on it is protected again.
  CHECK(company.create(id_number(4)).status == 409);
}

TEST_CASE("DP-11 edges that have expired go when their task comes back, the others stay") {
  test::redis_server redis;
  const auto first = id_number(1);
  const auto edges = key_of(first.view(), "edges:") + first.str();
  {
    company_bench company{redis};
    REQUIRE(company.create(first).status == 200);
    REQUIRE(company.create(id_number(2), {.dependencies = {first}}).status == 200);
    // A dependent of long ago.
    company.on_lane([&](lane& on, switchboard& board) {
      board.tell(on, confirm_dependent{first, id_number(7), dependency_rule::all_completed,
                                       timestamp{1000}});
    });
    REQUIRE(redis_comes_to(redis, "HLEN " + edges, "2"));
  }
  // One that was written before edges had a time.
  redis.ask("HSET " + edges + " " + id_number(8).str() + " all-completed");
  company_bench company{redis};
  CHECK(company.status(first).status == 200);
  CHECK(redis_comes_to(redis, "HLEN " + edges, "2"));
  CHECK(redis.ask("HEXISTS " + edges + " " + id_number(7).str()) == "0");
  const auto dependents = company.ask(list_dependents{first, 10, {}, {}}).text;
  CHECK(dependents.find(id_number(2).str()) != std::string::npos);
}
