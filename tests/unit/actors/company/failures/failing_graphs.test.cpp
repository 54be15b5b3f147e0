// Graphs whose actor, directory or tasks fail while they are made: there whole, or not at all.

#include "tests/unit/actors/company/failures/supervised_company.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <chrono>
#include <thread>

using namespace troupe;

namespace {

constexpr unsigned members = 400;
const auto graph = *task_graph_id::parse("fN1SbArXTPSVFNUvaOlinQ");
const std::string group = "AAAAAAAAQACAAAAAAAAAAA";

std::uint16_t one_lane_or_four() { return GENERATE(std::uint16_t{1}, std::uint16_t{4}); }

// Each depends on the one before, but for every fifth.
create_graph some_graph(const std::string& content = "content") {
  std::vector<graph_member> all;
  for (unsigned i = 1; i <= members; ++i) {
    wanted_task wanted;
    wanted.group = group;
    if (i % 5 != 0 && i > 1)
      wanted.dependencies = {numbered(i - 1)};
    all.push_back({numbered(i), supervised_company::definition(numbered(i), wanted)});
  }
  create_graph command;
  command.graph = graph;
  command.key = "some key";
  command.content = content;
  command.members = std::make_shared<const std::vector<graph_member>>(std::move(all));
  return command;
}

bool depends(unsigned i) { return i % 5 != 0 && i > 1; }

// How many are as they should be.
unsigned there(supervised_company& bench) {
  unsigned found = 0;
  for (unsigned i = 1; i <= members; ++i)
    found += bench.state_of(numbered(i)) == (depends(i) ? "unscheduled" : "pending");
  return found;
}

unsigned absent(supervised_company& bench) {
  unsigned found = 0;
  for (unsigned i = 1; i <= members; ++i)
    found += bench.state_of(numbered(i)) == "404";
  return found;
}

std::string graph_key(std::string_view what) {
  return std::string{shard_key_prefix(shard_of(graph.view()))} + std::string{what};
}

// Waits until no graph is under way any more.
void await_end(supervised_company& bench, test::redis_server& redis) {
  for (int i = 0; i < 4000; ++i) {
    bench.settle();
    if (redis.ask("EXISTS " + graph_key("graph-work")) == "0")
      return;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  FAIL("the graph does not come to an end");
}

// Whatever happened: all or none, and who repeats the call gets all.
void check_all_or_none(supervised_company& bench, test::redis_server& redis,
                       std::uint16_t first_status) {
  await_end(bench, redis);
  const auto found = there(bench);
  CHECK((found == members || absent(bench) == members));
  if (first_status == 200)
    CHECK(found == members);
  // A task that failed comes back a moment later, and is asked until then.
  answer again;
  for (int i = 0; i < 40; ++i) {
    again = bench.ask(some_graph());
    if (again.status == 200)
      break;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  CHECK(again.status == 200);
  CHECK(there(bench) == members);
  CHECK(bench.ask(some_graph("other")).status == 409);
  // Nobody is counted twice, and nobody waits twice.
  const auto pending = members / 5 + 1;
  bench.settle();
  CHECK(bench.counts() == std::to_string(pending) + "/0");
  CHECK(bench.published("task-defined") >= members);
  CHECK(redis.ask("ZCARD " + std::string{shard_key_prefix(shard_of(group))} + "members:" + group) ==
        std::to_string(members));
}

}  // namespace

TEST_CASE("a graph that is made is there whole, and in Redis nothing is under way") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  const auto made = bench.ask(some_graph());
  REQUIRE(made.status == 200);
  CHECK(bench.published("task-defined") == members);
  CHECK(bench.published("task-pending") == members / 5 + 1);
  CHECK(redis.ask("EXISTS " + graph_key("graph-work")) == "0");
  CHECK(redis.ask("HGET " + graph_key("graph:" + graph.str()) + " state") == "done");
  CHECK(redis.ask("HEXISTS " + graph_key("graph:" + graph.str()) + " tasks") == "0");
  CHECK(there(bench) == members);
  CHECK(bench.ask(some_graph()).body == made.body);
  CHECK(bench.published("task-defined") == members);
  CHECK(bench.failures() == 0);
}

TEST_CASE("a graph whose actor fails at any point is there whole or not at all") {
  const auto moment = std::chrono::microseconds{GENERATE(0, 500, 2000, 5000, 10000, 20000, 40000)};
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  auto waiting = bench.begin(some_graph());
  std::this_thread::sleep_for(moment);
  bench.tell(graph_failed{graph, "no ink"});
  const auto first = supervised_company::wait(std::move(waiting));
  CAPTURE(moment.count(), first.status);
  CHECK((first.status == 200 || first.status == 500));
  check_all_or_none(bench, redis, first.status);
}

TEST_CASE("a graph one of whose tasks fails at any point is there whole or not at all") {
  const auto moment = std::chrono::microseconds{GENERATE(0, 500, 2000, 5000, 10000, 20000, 40000)};
  const auto which = GENERATE(1u, 200u, 400u);
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  auto waiting = bench.begin(some_graph());
  std::this_thread::sleep_for(moment);
  bench.tell(task_failed{numbered(which), "no ink"});
  const auto first = supervised_company::wait(std::move(waiting));
  CAPTURE(moment.count(), which, first.status);
  CHECK((first.status == 200 || first.status == 500));
  check_all_or_none(bench, redis, first.status);
}

TEST_CASE("a key is kept until the last deadline of its tasks, and forgotten then") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  const auto record = graph_key("graph:" + graph.str());
  REQUIRE(bench.ask(some_graph()).status == 200);
  bench.sweep_graphs();
  CHECK(redis.ask("EXISTS " + record) == "1");
  // As if it had been made long ago.
  redis.ask("HSET " + record + " expires 1764000000000");
  redis.ask("ZADD " + graph_key("graph-expiry") + " 1764000000000 " + graph.str());
  for (int i = 0; i < 400 && redis.ask("EXISTS " + record) == "1"; ++i) {
    bench.sweep_graphs();
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  CHECK(redis.ask("EXISTS " + record) == "0");
  CHECK(redis.ask("ZCARD " + graph_key("graph-expiry")) == "0");
  // The key is free; the tasks are still there.
  CHECK(bench.ask(some_graph("other")).status == 409);
  CHECK(there(bench) == members);
}

TEST_CASE("what is refused by a task leaves nothing in memory or in Redis") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  REQUIRE(bench.create(numbered(17)) == 200);
  const auto refused = bench.ask(some_graph());
  CHECK(refused.status == 409);
  REQUIRE(refused.error);
  CHECK(refused.error->message.find("1 of 400 cannot be.\n * " + numbered(17).str()) !=
        std::string::npos);
  bench.settle();
  CHECK(absent(bench) == members - 1);
  CHECK(redis.ask("EXISTS " + graph_key("graph:" + graph.str())) == "0");
  // The group is free again, also for another scheduler.
  CHECK(bench.ask(get_group{*task_group_id::parse(group), {}}).status == 404);
}
