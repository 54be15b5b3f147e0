// Groups whose handlers throw count their members again.

#include "tests/unit/actors/company/failures/supervised_company.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <boost/json.hpp>

#include <chrono>

using namespace troupe;

namespace {

std::uint16_t one_lane_or_four() { return GENERATE(std::uint16_t{1}, std::uint16_t{4}); }

const task_group_id group = *task_group_id::parse(numbered(900).view());
const wanted_task in_group{.group = group.str()};

std::size_t members(supervised_company& bench) {
  const auto listed = bench.ask(list_group{group, 1000, std::nullopt, {}});
  if (listed.status != 200)
    return 0;
  return boost::json::parse(listed.body).at("tasks").as_array().size();
}

// The group fails on news of a member that resolved: its clock fails as it writes the event.
void fail_on_last(supervised_company& bench, const task_id& member) {
  bench.tell_failing(group.view(), member_resolved{group, member, false});
  bench.settle();
}

}  // namespace

TEST_CASE("a group that fails is resolved when its last member is, and not before") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  for (unsigned i = 1; i <= 3; ++i)
    REQUIRE(bench.create(numbered(i), in_group) == 200);
  REQUIRE(bench.claim(3).size() == 3);
  REQUIRE(bench.report(numbered(1)) == 200);
  REQUIRE(bench.report(numbered(2)) == 200);
  CHECK(bench.published("task-group-resolved") == 0);
  // As if the last one had resolved: the event is begun, the clock fails, nothing is written.
  fail_on_last(bench, numbered(3));
  CHECK(bench.failures() == 1);
  CHECK(bench.published("task-group-resolved") == 0);
  CHECK(members(bench) == 3);
  REQUIRE(bench.report(numbered(3)) == 200);
  CHECK(bench.published("task-group-resolved") == 1);
}

TEST_CASE("a task joins a group that fails and comes back") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  REQUIRE(bench.create(numbered(1), in_group) == 200);
  fail_on_last(bench, numbered(1));
  REQUIRE(bench.create(numbered(2), in_group) == 200);
  CHECK(members(bench) == 2);
  REQUIRE(bench.claim(2).size() == 2);
  REQUIRE(bench.report(numbered(2)) == 200);
  CHECK(bench.published("task-group-resolved") == 0);
  REQUIRE(bench.report(numbered(1)) == 200);
  CHECK(bench.published("task-group-resolved") == 1);
}

TEST_CASE("IV-7 after a restart no group is called resolved before all its members were heard") {
  test::redis_server redis;
  const auto lanes = one_lane_or_four();
  {
    supervised_company bench{redis, lanes};
    for (unsigned i = 1; i <= 30; ++i)
      REQUIRE(bench.create(numbered(i), in_group) == 200);
    REQUIRE(bench.claim(10).size() == 10);
    for (unsigned i = 1; i <= 10; ++i)
      REQUIRE(bench.report(numbered(i)) == 200);
    bench.settle();
    // Their effects were acknowledged; a crash before that leaves them in the live set.
    for (unsigned i = 1; i <= 10; ++i) {
      const auto id = numbered(i);
      redis.ask("SADD " + std::string{shard_key_prefix(shard_of(id.view()))} + "live " + id.str());
    }
    bench.crash();
  }
  supervised_company bench{redis, lanes};
  CHECK(bench.published("task-group-resolved") == 0);
  CHECK(members(bench) == 30);
  REQUIRE(bench.claim(32).size() == 20);
  for (unsigned i = 11; i <= 29; ++i)
    REQUIRE(bench.report(numbered(i)) == 200);
  CHECK(bench.published("task-group-resolved") == 0);
  REQUIRE(bench.report(numbered(30)) == 200);
  CHECK(bench.published("task-group-resolved") == 1);
}

TEST_CASE("a directory of groups that fails has a successor that knows the groups") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  for (unsigned i = 1; i <= 3; ++i)
    REQUIRE(bench.create(numbered(i), in_group) == 200);
  REQUIRE(bench.claim(2).size() == 2);
  // Its clock fails as it looks after a group that is said to have failed.
  bench.tell_failing(group.view(), group_failed{group, "no ink"});
  bench.settle();
  CHECK(bench.failures() > 0);
  CHECK(members(bench) == 3);
  REQUIRE(bench.report(numbered(1)) == 200);
  REQUIRE(bench.report(numbered(2)) == 200);
  CHECK(bench.published("task-group-resolved") == 0);
  REQUIRE(bench.claim(1).size() == 1);
  REQUIRE(bench.report(numbered(3)) == 200);
  CHECK(bench.published("task-group-resolved") == 1);
}

namespace {

const auto anybody = std::make_shared<const caller>();

void create_members(supervised_company& bench, unsigned count) {
  for (unsigned i = 1; i <= count; ++i)
    REQUIRE(bench.create(numbered(i), in_group) == 200);
}

// Waits until no group has anything left to do to its members.
void await_idle(supervised_company& bench, test::redis_server& redis) {
  for (int i = 0; i < 2000; ++i) {
    bench.settle();
    if (redis.ask("EXISTS " + std::string{shard_key_prefix(shard_of(group.view()))} +
                  "group-work") == "0")
      return;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  FAIL("the group does not come to an end");
}

unsigned with_state(supervised_company& bench, unsigned count, const std::string& state) {
  unsigned found = 0;
  for (unsigned i = 1; i <= count; ++i)
    found += bench.state_of(numbered(i)) == state;
  return found;
}

}  // namespace

TEST_CASE("TG-10 a group that fails at any point of being canceled is canceled, each member once") {
  constexpr unsigned members = 230;
  const auto readings = GENERATE(0, 1, 2, 3, 5, 60, 150, 250, 400);
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  create_members(bench, members);
  REQUIRE(bench.ask(seal_group{group, anybody, {}}).status == 200);
  const auto result = bench.ask_failing(group.view(), cancel_group{group, anybody, {}}, readings);
  CAPTURE(readings, result.status);
  await_idle(bench, redis);
  // It fails before it has begun, or the one that comes after finishes what was begun.
  const auto left = with_state(bench, members, "pending");
  CHECK((left == 0 || (left == members && result.status == 500)));
  const auto again = bench.ask(cancel_group{group, anybody, {}});
  REQUIRE(again.status == 200);
  const auto body = boost::json::parse(again.body);
  CHECK(body.at("taskGroupSize") == members);
  CHECK(body.at("cancelledCount") == left);
  CHECK(with_state(bench, members, "exception") == members);
  CHECK(bench.published("task-exception") == members);
  CHECK(bench.published("task-group-resolved") >= 1);
}

TEST_CASE("TG-14 a directory that fails while a priority changes has a successor that goes on") {
  constexpr unsigned members = 120;
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  create_members(bench, members);
  auto waiting = bench.begin(change_group_priority{group, anybody, task_priority::high, {}});
  bench.tell_failing(group.view(), group_failed{group, "no ink"});
  const auto result = supervised_company::wait(std::move(waiting));
  CHECK((result.status == 200 || result.status == 500));
  await_idle(bench, redis);
  CHECK(bench.published("task-group-priority-changed") >= 1);
  const auto listed = bench.ask(list_group{group, 1000, std::nullopt, {}});
  REQUIRE(listed.status == 200);
  const auto body = boost::json::parse(listed.body);
  for (const auto& member : body.at("tasks").as_array()) {
    CHECK(member.at("status").at("priority") == "high");
    CHECK(member.at("task").at("priority") == "high");
  }
}

TEST_CASE("TG-10 what a crash leaves of a cancellation is taken up when the server comes back") {
  constexpr unsigned members = 600;
  test::redis_server redis;
  const auto lanes = one_lane_or_four();
  {
    supervised_company bench{redis, lanes};
    create_members(bench, members);
    REQUIRE(bench.ask(seal_group{group, anybody, {}}).status == 200);
    const auto nobody = bench.begin(cancel_group{group, anybody, {}});
    while (bench.published("task-exception") == 0)
      std::this_thread::sleep_for(std::chrono::microseconds{50});
    bench.crash();
  }
  supervised_company bench{redis, lanes};
  await_idle(bench, redis);
  CHECK(with_state(bench, members, "exception") == members);
  const auto again = bench.ask(cancel_group{group, anybody, {}});
  CHECK(boost::json::parse(again.body).at("cancelledCount") == 0);
}
