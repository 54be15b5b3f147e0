// Queues whose handlers throw are put together again from what the tasks tell.

#include "tests/unit/actors/company/failures/supervised_company.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <thread>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

std::uint16_t one_lane_or_four() { return GENERATE(std::uint16_t{1}, std::uint16_t{4}); }

const task_queue_id queue{{"test/queue"}};

// The queue's clock fails as a worker asks for work.
answer fail_on_claim(supervised_company& bench) {
  return bench.ask_failing(queue.text, claim_work{queue, {"g", "unlucky"}, 1, {}});
}

}  // namespace

TEST_CASE("a queue that fails has the same order, counts and claims afterwards") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  for (unsigned i = 1; i <= 20; ++i)
    REQUIRE(bench.create(numbered(i), {.priority = i % 5 == 0 ? "high" : "low"}) == 200);
  REQUIRE(bench.claim(2) == std::vector{numbered(5), numbered(10)});
  const auto failed = fail_on_claim(bench);
  CHECK(failed.status == 500);
  CHECK(bench.counts() == "18/2");
  CHECK(bench.failures() == 1);
  CHECK(bench.claim(4) == std::vector{numbered(15), numbered(20), numbered(1), numbered(2)});
  REQUIRE(bench.report(numbered(5)) == 200);
  bench.settle();
  CHECK(bench.counts() == "14/5");
}

TEST_CASE("claims that wait at a queue that fails are answered, and find the next one") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  auto waiting = bench.begin(claim_work{queue, some_worker, 1, {}});
  bench.settle();
  CHECK(fail_on_claim(bench).status == 500);
  CHECK(supervised_company::wait(std::move(waiting)).status == 500);
  auto again = bench.begin(claim_work{queue, some_worker, 1, {}});
  REQUIRE(bench.create(numbered(1)) == 200);
  CHECK(supervised_company::wait(std::move(again)).handed_out.size() == 1);
  CHECK(bench.counts() == "0/1");
}

TEST_CASE("a directory of queues that fails has a successor with the same queues") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  for (unsigned i = 1; i <= 3; ++i)
    REQUIRE(bench.create(numbered(i)) == 200);
  REQUIRE(bench.claim(1).size() == 1);
  auto waiting = bench.begin(claim_work{{{"test/empty"}}, some_worker, 1, {}});
  bench.settle();
  bench.tell_failing(queue.text, queue_failed{queue, "no ink"});
  bench.settle();
  CHECK(bench.failures() == 1);
  CHECK(bench.counts() == "2/1");
  CHECK(bench.counts("test/none") == "0/0");
  CHECK(bench.claim(2) == std::vector{numbered(2), numbered(3)});
  if (bench.lane_of("test/empty") == bench.lane_of(queue.text))
    CHECK(supervised_company::wait(std::move(waiting)).handed_out.empty());
}

TEST_CASE("a shard of tasks that fails has a successor with the same tasks") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  for (unsigned i = 1; i <= 200; ++i)
    REQUIRE(bench.create(numbered(i)) == 200);
  REQUIRE(bench.claim(20).size() == 20);
  for (unsigned i = 1; i <= 10; ++i)
    REQUIRE(bench.report(numbered(i)) == 200);
  for (unsigned i = 1; i <= 64; ++i)
    bench.tell_failing(numbered(i).view(), task_failed{numbered(i), "no ink"});
  bench.settle();
  CHECK(bench.failures() > 20);
  CHECK(bench.counts() == "180/10");
  for (unsigned i = 1; i <= 200; ++i)
    CHECK(bench.state_of(numbered(i)) == (i <= 10 ? "completed" : i <= 20 ? "running" : "pending"));
  CHECK(bench.state_of(numbered(777)) == "404");
  CHECK(bench.create(numbered(777)) == 200);
  CHECK(bench.claim(32).size() == 32);
  CHECK(bench.report(numbered(11)) == 200);
  CHECK(bench.published("task-group-resolved") == 11);
}

TEST_CASE("whoever asks while a directory has no successor yet is answered by it") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four()};
  REQUIRE(bench.create(numbered(1)) == 200);
  // Twice in a row: the second successor comes after a pause.
  bench.tell_failing(queue.text, queue_failed{queue, "no ink"});
  bench.settle();
  CHECK(bench.counts() == "1/0");
  bench.tell_failing(queue.text, queue_failed{queue, "no ink"});
  CHECK(bench.counts() == "1/0");
  CHECK(bench.claim(1) == std::vector{numbered(1)});
}

TEST_CASE("a directory that fails too often in a row ends the server with a line that says so") {
  test::redis_server redis;
  supervised_company bench{redis, 1};
  REQUIRE(bench.create(numbered(1)) == 200);
  for (int i = 0; i < 5; ++i) {
    CHECK(bench.counts() == "1/0");
    bench.tell_failing(queue.text, queue_failed{queue, "no ink"});
  }
  const auto text = bench.given_up();
  CHECK(text.starts_with("the queue directory of lane 0 failed 5 times in a row"));
  CHECK(text.find("the clock stands still") != std::string::npos);
}

TEST_CASE("a queue that fails has the same order when its tasks rest") {
  test::redis_server redis;
  supervised_company bench{redis, one_lane_or_four(),
                           [](company_parts& parts) { parts.rest_time = 10ms; }};
  for (unsigned i = 1; i <= 20; ++i)
    REQUIRE(bench.create(numbered(i), {.priority = i % 5 == 0 ? "high" : "low"}) == 200);
  std::this_thread::sleep_for(200ms);
  CHECK(fail_on_claim(bench).status == 500);
  bench.settle();
  CHECK(bench.counts() == "20/0");
  CHECK(bench.claim(6) == std::vector{numbered(5), numbered(10), numbered(15), numbered(20),
                                      numbered(1), numbered(2)});
}
