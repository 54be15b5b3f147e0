// Records of workers: what queues tell them, what Redis keeps, what is given back when one is lost.

#include "tests/unit/actors/company/failures/supervised_company.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <boost/json.hpp>

#include <thread>

using namespace troupe;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

std::uint16_t one_lane_or_four() { return GENERATE(std::uint16_t{1}, std::uint16_t{4}); }

const task_queue_id queue{{"test/queue"}};
const worker_name other_worker{"g", "other"};

std::string row_key(const worker_name& worker) {
  const auto shard = shard_of_worker(queue.text, worker.group, worker.id);
  return std::string{shard_key_prefix(shard)} + "worker:" + queue.text + "/" + worker.group + "/" +
         worker.id;
}

json::value record_of(supervised_company& bench, const worker_name& worker = some_worker) {
  const auto result = bench.ask(get_worker{queue, worker, {}});
  return result.status == 200 ? json::parse(result.body) : json::value(result.status);
}

std::string recent_of(supervised_company& bench, const worker_name& worker = some_worker) {
  const auto record = record_of(bench, worker);
  std::string text;
  for (const auto& run : record.at("recentTasks").as_array())
    text += (text.empty() ? "" : " ") + std::string{run.at("taskId").as_string()}.substr(18, 3);
  return text;
}

template <class Condition>
void eventually(Condition condition) {
  for (int i = 0; i < 2000 && !condition(); ++i)
    std::this_thread::sleep_for(5ms);
  REQUIRE(condition());
}

answer quarantine(supervised_company& bench, std::chrono::hours from_now) {
  return bench.ask(quarantine_worker{
      queue, some_worker, system_clock{}.now() + from_now, "static/tests", "smells", {}});
}

}  // namespace

TEST_CASE("WI-2 WK-11 a worker that claims is known at once, and written a moment later") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  CHECK(record_of(bench) == json::value(404));
  REQUIRE(bench.create(numbered(1)) == 200);
  REQUIRE(bench.claim(1).size() == 1);
  bench.settle();
  CHECK(recent_of(bench) == "001");
  eventually([&] { return redis.ask("HGET " + row_key(some_worker) + " recent") != ""; });
  const auto shard = shard_of_worker(queue.text, some_worker.group, some_worker.id);
  CHECK(redis.ask("ZCARD " + std::string{shard_key_prefix(shard)} + "worker-expiry") == "1");
}

TEST_CASE("a worker that waits for work is seen, too") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  auto waiting = bench.begin(claim_work{queue, some_worker, 1, {}});
  bench.settle();
  CHECK(record_of(bench).at("recentTasks").as_array().empty());
  REQUIRE(bench.create(numbered(1)) == 200);
  CHECK(supervised_company::wait(std::move(waiting)).handed_out.size() == 1);
  bench.settle();
  CHECK(recent_of(bench) == "001");
  const auto before = std::string{record_of(bench).at("lastDateActive").as_string()};
  std::this_thread::sleep_for(5ms);
  REQUIRE(bench.ask(reclaim_run{numbered(1), 0, {}}).status == 200);
  bench.settle();
  CHECK(std::string{record_of(bench).at("lastDateActive").as_string()} > before);
}

TEST_CASE("a worker that rests comes back from Redis as it was") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four(), [](company_parts& parts) {
                             parts.worker_quiet_time = 1ms;
                             parts.quiet_time = 1ms;
                           }};
  REQUIRE(bench.create(numbered(1)) == 200);
  REQUIRE(bench.claim(1).size() == 1);
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(20ms);
    CHECK(recent_of(bench) == "001");
  }
}

TEST_CASE("after a crash recent runs are completed from what runs") {
  test::redis_server redis;
  const auto lanes = one_lane_or_four();
  {
    supervised_company bench{redis, lanes};
    REQUIRE(bench.create(numbered(1)) == 200);
    REQUIRE(bench.claim(1).size() == 1);
    eventually([&] { return redis.ask("HGET " + row_key(some_worker) + " recent") != ""; });
  }
  {
    supervised_company bench{redis, lanes,
                             [](company_parts& parts) { parts.worker_write_interval = 1h; }};
    REQUIRE(bench.create(numbered(2)) == 200);
    REQUIRE(bench.claim(1).size() == 1);
    bench.settle();
    CHECK(recent_of(bench) == "001 002");
    bench.crash();
  }
  supervised_company bench{redis, lanes};
  eventually([&] { return recent_of(bench) == "001 002"; });
}

TEST_CASE("CW-9 a worker in quarantine gets nothing, also after a restart, until it is set free") {
  test::redis_server redis;
  const auto lanes = one_lane_or_four();
  const auto soon = [](company_parts& parts) { parts.claim_wait = 50ms; };
  {
    supervised_company bench{redis, lanes, soon};
    CHECK(quarantine(bench, 1h).status == 404);
    CHECK(bench.claim(1).empty());
    bench.settle();
    const auto set = quarantine(bench, 1h);
    REQUIRE(set.status == 200);
    CHECK(json::parse(set.body).at("quarantineDetails").as_array().size() == 1);
    bench.settle();
    REQUIRE(bench.create(numbered(1)) == 200);
    CHECK(bench.claim(1).empty());
    bench.crash();
  }
  supervised_company bench{redis, lanes, soon};
  CHECK(bench.claim(1).empty());
  // The queue fails, and its successor knows of it as well.
  bench.ask_failing(queue.text, claim_work{queue, other_worker, 1, {}});
  CHECK(bench.claim(1).empty());
  REQUIRE(quarantine(bench, -1h).status == 200);
  bench.settle();
  CHECK(bench.claim(1) == std::vector{numbered(1)});
}

TEST_CASE("WR-1 WR-2 WR-3 WR-5 WR-8 what a lost worker ran is given back at once, and only that") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  for (unsigned i = 1; i <= 3; ++i)
    REQUIRE(bench.create(numbered(i)) == 200);
  REQUIRE(bench.create(numbered(4), {.retries = 0}) == 200);
  REQUIRE(bench.create(numbered(5), {.queue = "test/other"}) == 200);
  REQUIRE(bench.claim(1).size() == 1);
  REQUIRE(bench.report(numbered(1)) == 200);
  REQUIRE(bench.claim(1) == std::vector{numbered(2)});
  REQUIRE(bench.claim(1, "test/queue", other_worker) == std::vector{numbered(3)});
  REQUIRE(bench.claim(1) == std::vector{numbered(4)});
  REQUIRE(bench.claim(1, "test/other") == std::vector{numbered(5)});
  bench.settle();
  for (int i = 0; i < 2; ++i) {
    bench.tell(worker_lost{queue, some_worker, "the power went out"});
    bench.settle();
  }
  CHECK(bench.runs_of(numbered(1)) == "completed/completed");
  CHECK(bench.runs_of(numbered(2)) == "exception/worker-shutdown pending");
  CHECK(bench.runs_of(numbered(3)) == "running");
  CHECK(bench.runs_of(numbered(4)) == "exception/worker-shutdown");
  CHECK(bench.runs_of(numbered(5)) == "running");
  CHECK(bench.counts() == "1/1");
  CHECK(bench.published("task-exception") == 2);
}

TEST_CASE("WR-7 a lost worker that ran nothing changes nothing; its waiting claim is answered") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  auto waiting = bench.begin(claim_work{queue, some_worker, 1, {}});
  bench.settle();
  bench.tell(worker_lost{queue, some_worker, "the power went out"});
  const auto result = supervised_company::wait(std::move(waiting));
  CHECK(result.status == 200);
  CHECK(result.handed_out.empty());
  REQUIRE(bench.create(numbered(1)) == 200);
  CHECK(bench.claim(1).size() == 1);
}

TEST_CASE("a worker's record that fails comes back from Redis") {
  test::redis_server redis;
  supervised_company bench{redis, 1};
  REQUIRE(bench.create(numbered(1)) == 200);
  REQUIRE(bench.claim(1).size() == 1);
  bench.settle();
  eventually([&] { return redis.ask("HGET " + row_key(some_worker) + " recent") != ""; });
  // The register looks at the clock first.
  CHECK(bench.ask_failing(queue.text, get_worker{queue, some_worker, {}}, 1).status == 500);
  CHECK(recent_of(bench) == "001");
  CHECK(bench.failures() == 1);
  // Its directory fails as it looks after it.
  bench.tell_failing(queue.text, worker_failed{queue, some_worker, "no ink"});
  CHECK(recent_of(bench) == "001");
  CHECK(bench.failures() > 1);
}
