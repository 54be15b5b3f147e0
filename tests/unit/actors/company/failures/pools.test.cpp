// Worker pools and their provisioner, with machines that only a list knows of.

#include "tests/unit/actors/company/failures/supervised_company.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <mutex>
#include <stdexcept>
#include <thread>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

std::uint16_t one_lane_or_four() { return GENERATE(std::uint16_t{1}, std::uint16_t{4}); }

const task_queue_id queue{{"test/queue"}};

template <class Condition>
void eventually(Condition condition) {
  for (int i = 0; i < 2000 && !condition(); ++i)
    std::this_thread::sleep_for(5ms);
  REQUIRE(condition());
}

// Machines that do nothing by themselves.
class paper_machines final : public machine_launcher {
 public:
  void on_end(std::function<void(machine_ended)> listener) override {
    const std::lock_guard lock{guard_};
    listener_ = std::move(listener);
  }
  void start(const start_worker& order) override {
    const std::lock_guard lock{guard_};
    if (failures_-- > 0)
      throw std::runtime_error("no paper");
    started_.push_back(order.worker.id);
    there_.push_back({order.pool, order.worker});
  }
  void stop(const machine& which) override {
    const std::lock_guard lock{guard_};
    stopped_.push_back(which.worker.id);
  }
  std::vector<machine> machines() const override {
    const std::lock_guard lock{guard_};
    return there_;
  }

  // What happens to them.
  void end(const std::string& id, bool clean = false) {
    std::function<void(machine_ended)> told;
    {
      const std::lock_guard lock{guard_};
      std::erase_if(there_, [&](const machine& known) { return known.worker.id == id; });
      told = listener_;
    }
    told({"paper", queue, {"g", id}, clean, "fire"});
  }
  void fail_next(int times) {
    const std::lock_guard lock{guard_};
    failures_ = times;
  }
  std::vector<std::string> started() const {
    const std::lock_guard lock{guard_};
    return started_;
  }
  std::vector<std::string> stopped() const {
    const std::lock_guard lock{guard_};
    return stopped_;
  }

 private:
  mutable std::mutex guard_;
  std::function<void(machine_ended)> listener_;
  std::vector<machine> there_;
  std::vector<std::string> started_;
  std::vector<std::string> stopped_;
  int failures_ = 0;
};

struct pool_bench {
  explicit pool_bench(std::uint32_t most, std::chrono::milliseconds idle = 1h)
      : bench(redis, one_lane_or_four(), [&](company_parts& parts) {
          pool_settings pool;
          pool.id = queue;
          pool.provider = "paper";
          pool.worker_group = "g";
          pool.max_workers = most;
          pool.idle_time = idle;
          pool.first_pause = 1ms;
          parts.pools = {pool};
          parts.launchers["paper"] = &machines;
        }) {}

  // A machine that was started asks for work; what it gets.
  std::vector<task_id> work(const std::string& id) { return bench.claim(1, queue.text, {"g", id}); }
  void expect_started(const std::vector<std::string>& ids) {
    eventually([&] { return machines.started().size() >= ids.size(); });
    bench.settle();
    CHECK(machines.started() == ids);
  }

  test::redis_server redis;
  paper_machines machines;
  supervised_company bench;
};

}  // namespace

TEST_CASE("workers are started by demand, and no more than allowed") {
  pool_bench pool{2};
  pool.bench.settle();
  CHECK(pool.machines.started().empty());
  REQUIRE(pool.bench.create(numbered(1)) == 200);
  pool.expect_started({"worker"});
  CHECK(pool.work("worker") == std::vector{numbered(1)});
  REQUIRE(pool.bench.create(numbered(2)) == 200);
  pool.expect_started({"worker", "worker-2"});
  REQUIRE(pool.bench.create(numbered(3)) == 200);
  REQUIRE(pool.bench.create(numbered(4)) == 200);
  pool.expect_started({"worker", "worker-2"});
}

TEST_CASE("a worker whose machine ends gives its run back at once and is replaced") {
  pool_bench pool{1};
  REQUIRE(pool.bench.create(numbered(1)) == 200);
  pool.expect_started({"worker"});
  REQUIRE(pool.work("worker") == std::vector{numbered(1)});
  pool.bench.settle();
  pool.machines.end("worker");
  eventually(
      [&] { return pool.bench.runs_of(numbered(1)) == "exception/worker-shutdown pending"; });
  eventually([&] { return pool.machines.started().size() == 2; });
  const auto next = pool.machines.started().back();
  CHECK(pool.work(next) == std::vector{numbered(1)});
  REQUIRE(pool.bench.report(numbered(1), 1) == 200);
}

TEST_CASE("a worker that is not needed any more is stopped, one that works is not") {
  pool_bench pool{2, 50ms};
  REQUIRE(pool.bench.create(numbered(1)) == 200);
  pool.expect_started({"worker"});
  REQUIRE(pool.work("worker").size() == 1);
  REQUIRE(pool.bench.create(numbered(2)) == 200);
  pool.expect_started({"worker", "worker-2"});
  REQUIRE(pool.work("worker-2").size() == 1);
  REQUIRE(pool.bench.report(numbered(1)) == 200);
  eventually([&] { return !pool.machines.stopped().empty(); });
  CHECK(pool.machines.stopped() == std::vector<std::string>{"worker"});
  // Whoever is to be stopped gets nothing any more.
  auto waiting = pool.bench.begin(claim_work{queue, {"g", "worker"}, 1, {}});
  REQUIRE(pool.bench.create(numbered(3)) == 200);
  pool.bench.settle();
  CHECK(pool.bench.state_of(numbered(3)) == "pending");
  pool.machines.end("worker", true);
  CHECK(supervised_company::wait(std::move(waiting)).handed_out.empty());
  eventually([&] { return pool.machines.started().size() == 3; });
  CHECK(pool.bench.runs_of(numbered(2)) == "running");
}

TEST_CASE("a start that fails is tried again, later and later") {
  pool_bench pool{1};
  REQUIRE(pool.bench.create(numbered(1)) == 200);
  for (std::size_t i = 1; i <= 5; ++i) {
    eventually([&] { return pool.machines.started().size() == i; });
    pool.machines.end(pool.machines.started().back());
  }
  eventually([&] { return pool.machines.started().size() == 6; });
  CHECK(pool.work(pool.machines.started().back()) == std::vector{numbered(1)});
}

TEST_CASE("a provisioner that fails has a successor that knows the machines and the order") {
  pool_bench pool{2};
  REQUIRE(pool.bench.create(numbered(1)) == 200);
  pool.expect_started({"worker"});
  REQUIRE(pool.work("worker").size() == 1);
  pool.machines.fail_next(1);
  REQUIRE(pool.bench.create(numbered(2)) == 200);
  pool.expect_started({"worker", "worker-2"});
  CHECK(pool.bench.failures() == 1);
  pool.bench.settle();
  pool.machines.end("worker");
  eventually(
      [&] { return pool.bench.runs_of(numbered(1)) == "exception/worker-shutdown pending"; });
}

TEST_CASE("a pool that fails has a successor that starts nothing twice") {
  pool_bench pool{2};
  REQUIRE(pool.bench.create(numbered(1)) == 200);
  pool.expect_started({"worker"});
  REQUIRE(pool.work("worker").size() == 1);
  pool.bench.tell_failing(queue.text, demand_changed{queue, 0, 1});
  pool.bench.settle();
  CHECK(pool.bench.failures() == 1);
  CHECK(pool.machines.started().size() == 1);
  REQUIRE(pool.bench.create(numbered(2)) == 200);
  pool.expect_started({"worker", "worker-2"});
  // Its directory fails as it looks after it.
  pool.bench.tell_failing(queue.text, pool_failed{queue, "no ink"});
  pool.bench.settle();
  CHECK(pool.work("worker-2") == std::vector{numbered(2)});
  pool.machines.end("worker-2");
  eventually([&] { return pool.machines.started().size() == 3; });
}

TEST_CASE("a queue that fails goes on telling its pool of demand") {
  pool_bench pool{2};
  CHECK(pool.bench.ask_failing(queue.text, claim_work{queue, some_worker, 1, {}}).status == 500);
  REQUIRE(pool.bench.create(numbered(1)) == 200);
  pool.expect_started({"worker"});
  pool.bench.tell_failing(queue.text, queue_failed{queue, "no ink"});
  pool.bench.settle();
  REQUIRE(pool.work("worker").size() == 1);
  REQUIRE(pool.bench.create(numbered(2)) == 200);
  pool.expect_started({"worker", "worker-2"});
}

TEST_CASE("after a restart of the server waiting tasks get workers") {
  test::redis_server redis;
  const auto lanes = one_lane_or_four();
  {
    supervised_company bench{redis, lanes};
    REQUIRE(bench.create(numbered(1)) == 200);
  }
  paper_machines machines;
  supervised_company bench{redis, lanes, [&](company_parts& parts) {
                             pool_settings pool;
                             pool.id = queue;
                             pool.provider = "paper";
                             pool.worker_group = "g";
                             parts.pools = {pool};
                             parts.launchers["paper"] = &machines;
                           }};
  eventually([&] { return machines.started().size() == 1; });
}

TEST_CASE("the owner of clients and roles publishes, and again when it failed") {
  test::redis_server redis;
  std::atomic<int> failures_left{2};
  std::promise<auth_snapshot_ptr> published;
  supervised_company bench{redis, 1, [&](company_parts& parts) {
                             parts.auth.anonymous_scopes = {"queue:status:*"};
                             parts.publish_snapshot = [&](outcome<auth_snapshot_ptr> snapshot,
                                                          const std::function<void()>&) {
                               if (failures_left-- > 0)
                                 throw std::runtime_error("no ink");
                               published.set_value(*snapshot);
                             };
                           }};
  const auto snapshot = published.get_future().get();
  REQUIRE(snapshot);
  CHECK_FALSE(snapshot->anonymous()->list().empty());
  CHECK(bench.failures() == 2);
}
