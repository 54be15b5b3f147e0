// Registers of task queues: what they list over all lanes, and what they know after a failure.

#include "tests/unit/actors/company/failures/supervised_company.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <thread>

using namespace troupe;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

std::uint16_t one_lane_or_four() { return GENERATE(std::uint16_t{1}, std::uint16_t{4}); }

const task_queue_id queue{{"test/queue"}};
using names = std::vector<std::string>;

template <class Condition>
void eventually(Condition condition) {
  for (int i = 0; i < 2000 && !condition(); ++i)
    std::this_thread::sleep_for(5ms);
  REQUIRE(condition());
}

void claims_soon(company_parts& parts) { parts.claim_wait = 1ms; }

names members(const answer& page, const char* list, const char* member) {
  REQUIRE(page.status == 200);
  names result;
  const auto body = json::parse(page.body);
  for (const auto& row : body.at(list).as_array())
    result.emplace_back(row.at(member).as_string());
  return result;
}

std::string next_of(const answer& page) {
  const auto found = std::find_if(page.headers.begin(), page.headers.end(),
                                  [](const auto& h) { return h.first == "next-position"; });
  return found == page.headers.end() ? std::string{} : found->second;
}

/// Page after page of queues or provisioners.
names all_rows(supervised_company& bench, list_queues command, const char* list,
               const char* member) {
  names all;
  for (;;) {
    const auto page = bench.ask(command);
    const auto some = members(page, list, member);
    all.insert(all.end(), some.begin(), some.end());
    if (next_of(page).empty())
      return all;
    CHECK(some.size() == command.limit);
    command.after = next_of(page);
  }
}

names workers(supervised_company& bench, std::optional<bool> quarantined = {}) {
  return members(bench.ask(list_workers{queue, 1000, {}, quarantined, {}}), "workers", "workerId");
}

std::uint16_t declare(supervised_company& bench, const std::string& id,
                      std::chrono::milliseconds from_now) {
  return bench.ask(declare_worker{queue, {"g", id}, system_clock{}.now() + from_now, {}}).status;
}

std::string stored_record(const test::redis_server& redis) {
  return redis.ask("HGET " + std::string{shard_key_prefix(shard_of(queue.text))} + "queues " +
                   queue.text);
}

}  // namespace

TEST_CASE("TQ-2 WT-2 PV-1 queues of all lanes are listed in order, page by page") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four(), claims_soon};
  names ids;
  for (const auto* provisioner : {"b", "a-b", "a"})
    for (char type = 'a'; type < 'k'; ++type) {
      ids.push_back(std::string{provisioner} + "/" + type);
      CHECK(bench.claim(1, ids.back()).empty());
    }
  std::sort(ids.begin(), ids.end());
  list_queues command;
  for (const auto limit : {1u, 7u, 30u, 1000u}) {
    command.limit = limit;
    command.as = queue_view::task_queue;
    command.only = std::nullopt;
    CHECK(all_rows(bench, command, "taskQueues", "taskQueueId") == ids);
    command.as = queue_view::provisioner;
    CHECK(all_rows(bench, command, "provisioners", "provisionerId") == names{"a", "a-b", "b"});
    command.as = queue_view::worker_type;
    command.only = "a-b";
    CHECK(all_rows(bench, command, "workerTypes", "workerType").size() == 10);
  }
  command.as = queue_view::provisioner;
  command.single = true;
  CHECK(bench.ask(command).status == 200);
  command.only = "c";
  CHECK(bench.ask(command).status == 404);
}

TEST_CASE("WK-1 WK-5 workers of a queue are listed, those in memory and those at rest") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four(), [](company_parts& parts) {
                             parts.claim_wait = 1ms;
                             parts.worker_quiet_time = 30ms;
                           }};
  names ids;
  for (int i = 10; i < 40; ++i) {
    ids.push_back("w" + std::to_string(i));
    CHECK(bench.claim(1, queue.text, {"g", ids.back()}).empty());
    if (i == 25)
      std::this_thread::sleep_for(200ms);
  }
  CHECK(workers(bench) == ids);
  list_workers command{queue, 7, {}, {}, {}};
  names all;
  do {
    const auto page = bench.ask(command);
    const auto some = members(page, "workers", "workerId");
    all.insert(all.end(), some.begin(), some.end());
    const auto next = next_of(page);
    command.after = next.empty() ? std::nullopt : std::optional{worker_name{"g", next.substr(2)}};
  } while (command.after);
  CHECK(all == ids);
}

TEST_CASE("WK-9 a worker is shown as long as its queue is known") {
  test::redis_server redis;
  const auto lanes = one_lane_or_four();
  {
    supervised_company bench{redis, lanes, claims_soon};
    CHECK(bench.claim(1).empty());
    bench.settle();
    CHECK(bench.ask(get_worker{queue, some_worker, {}}).status == 200);
  }
  redis.ask("HDEL " + std::string{shard_key_prefix(shard_of(queue.text))} + "queues " + queue.text);
  supervised_company bench{redis, lanes, claims_soon};
  CHECK(bench.ask(get_worker{queue, some_worker, {}}).status == 404);
  CHECK(workers(bench) == names{"w"});
}

TEST_CASE("WK-15 declaring a worker is safe when it is answered") {
  test::redis_server redis;
  const auto lanes = one_lane_or_four();
  {
    supervised_company bench{redis, lanes,
                             [](company_parts& parts) { parts.worker_write_interval = 1h; }};
    CHECK(declare(bench, "new", -1h) == 400);
    CHECK(bench.ask(get_task_queue{queue, queue_view::task_queue, {}}).status == 404);
    CHECK(declare(bench, "new", 1h) == 200);
    bench.crash();
  }
  supervised_company bench{redis, lanes};
  CHECK(bench.ask(get_task_queue{queue, queue_view::task_queue, {}}).status == 200);
  CHECK(workers(bench) == names{"new"});
}

TEST_CASE("PV-3 WT-3 WK-7 EX-6 what has expired is deleted; who is in quarantine stays") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four(),
                           [](company_parts& parts) { parts.expiration_delay = 50ms; }};
  CHECK(declare(bench, "mayfly", 100ms) == 200);
  CHECK(declare(bench, "sick", 100ms) == 200);
  CHECK(bench.ask(quarantine_worker{queue, {"g", "sick"}, system_clock{}.now() + 1h, "c", "", {}})
            .status == 200);
  eventually([&] { return stored_record(redis).empty(); });
  const auto key = [](const std::string& id) {
    return std::string{shard_key_prefix(shard_of_worker(queue.text, "g", id))} +
           "worker:" + queue.text + "/g/" + id;
  };
  eventually([&] { return redis.ask("EXISTS " + key("mayfly")) == "0"; });
  CHECK(redis.ask("EXISTS " + key("sick")) == "1");
  CHECK(workers(bench) == names{"sick"});
  CHECK(workers(bench, false).empty());
}

TEST_CASE("a worker that fails when it is asked whether it has expired is asked again") {
  test::redis_server redis;
  supervised_company bench{redis, 1};
  CHECK(declare(bench, "w", 1h) == 200);
  bench.tell_failing(queue.text, check_worker{queue, some_worker});
  bench.settle();
  CHECK(bench.failures() == 1);
  eventually([&] { return workers(bench) == names{"w"}; });
}

TEST_CASE("a register that fails knows afterwards what it knew") {
  test::redis_server redis;
  const bool written = GENERATE(true, false);
  supervised_company bench{redis, one_lane_or_four(), [written](company_parts& parts) {
                             parts.claim_wait = 1ms;
                             if (!written)
                               parts.worker_write_interval = 1h;
                           }};
  CHECK(bench.claim(1).empty());
  CHECK(bench.claim(1, queue.text, {"g", "x"}).empty());
  if (written)
    eventually([&] { return !stored_record(redis).empty(); });
  bench.settle();
  const get_task_queue show{queue, queue_view::task_queue, {}};
  const auto before = bench.ask(show);
  REQUIRE(before.status == 200);
  CHECK(bench.ask_failing(queue.text, show).status == 500);
  CHECK(bench.ask(show).body == before.body);
  bench.settle();
  CHECK(workers(bench) == names{"w", "x"});
  CHECK(bench.failures() == 1);
}

TEST_CASE("QL-1 QL-2 QL-7 runs of tasks of all lanes are listed with their definitions") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  names ids;
  for (unsigned i = 1; i <= 20; ++i) {
    REQUIRE(bench.create(numbered(i), {.priority = i % 3 == 0 ? "high" : "low"}) == 200);
    ids.push_back(numbered(i).str());
  }
  const auto all = bench.ask(list_pending_tasks{queue, 1000, "", {}});
  CHECK(members(all, "tasks", "taskId") == ids);
  const auto body = json::parse(all.body);
  for (const auto& row : body.at("tasks").as_array())
    CHECK(row.at("task").at("taskQueueId").as_string() == queue.text);
  const auto some = bench.ask(list_pending_tasks{queue, 13, "", {}});
  CHECK(members(some, "tasks", "taskId") == names(ids.begin(), ids.begin() + 13));
  const auto rest = bench.ask(list_pending_tasks{queue, 13, next_of(some), {}});
  CHECK(members(rest, "tasks", "taskId") == names(ids.begin() + 13, ids.end()));
  CHECK(next_of(rest).empty());
  REQUIRE(bench.claim(5).size() == 5);
  const auto claimed = bench.ask(list_claimed_tasks{queue, 3, "", {}});
  CHECK(members(claimed, "tasks", "workerId") == names{"w", "w", "w"});
  const auto others = bench.ask(list_claimed_tasks{queue, 3, next_of(claimed), {}});
  CHECK(members(others, "tasks", "taskId").size() == 2);
}

TEST_CASE("QL-3 QL-8 asking for runs does not make a queue") {
  test::redis_server redis;
  supervised_company bench{redis, 1};
  CHECK(bench.ask(list_pending_tasks{queue, 9, "", {}}).body == R"({"tasks":[]})");
  CHECK(bench.ask(list_claimed_tasks{queue, 9, "", {}}).body == R"({"tasks":[]})");
  CHECK(bench.ask(get_task_queue{queue, queue_view::task_queue, {}}).status == 404);
}
