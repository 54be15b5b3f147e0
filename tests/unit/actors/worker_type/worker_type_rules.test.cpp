#include "actors/worker_type/worker_type_rules.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

constexpr timestamp start{1'764'000'000'000};
using names = std::vector<std::string>;

struct some_pool {
  explicit some_pool(std::uint32_t most = 4, std::uint32_t capacity = 1, std::uint32_t least = 0) {
    state.settings.id.text = "local/default";
    state.settings.worker_group = "local";
    state.settings.max_workers = most;
    state.settings.min_workers = least;
    state.settings.capacity_per_worker = capacity;
    state.settings.idle_time = 60s;
  }

  worker_type_decision report(names workers = {}) {
    workers_reported command{state.settings.id, {}};
    for (const auto& id : workers)
      command.workers.push_back({"local", id});
    return on_reported(state, command, now);
  }
  worker_type_decision demand(std::uint32_t pending, std::uint32_t claimed = 0) {
    return on_demand(state, {state.settings.id, pending, claimed}, now);
  }
  worker_type_decision retired(names workers) {
    workers_retired command{state.settings.id, {}};
    for (const auto& id : workers)
      command.workers.push_back({"local", id});
    return on_retired(state, command, now);
  }
  worker_type_decision exited(const std::string& id, bool clean = false) {
    return on_exited(state, id, clean, "signal 9 (Killed)", now);
  }
  // Started and seen.
  void run(const std::string& id) { on_worker_seen(state, id, now); }

  worker_type_state state;
  timestamp now = start;
};

}  // namespace

TEST_CASE("nothing is started before it is known what there is") {
  some_pool pool;
  CHECK(pool.demand(3).start.empty());
  CHECK(pool.report().start == names{"worker", "worker-2", "worker-3"});
}

TEST_CASE("whole workers are started for what waits, up to the most") {
  some_pool pool{3, 2};
  pool.report();
  CHECK(pool.demand(0).start.empty());
  CHECK(pool.demand(1).start == names{"worker"});
  CHECK(pool.demand(2).start.empty());
  CHECK(pool.demand(3).start == names{"worker-2"});
  CHECK(pool.demand(100).start == names{"worker-3"});
  CHECK(pool.demand(1000).start.empty());
}

TEST_CASE("free places of workers that run count before a new one is started") {
  some_pool pool{3, 2};
  pool.report({"worker"});
  CHECK(pool.demand(1, 1).start.empty());
  CHECK(pool.demand(1, 2).start == names{"worker-2"});
  pool.run("worker-2");
  CHECK(pool.demand(1, 3).start.empty());
}

TEST_CASE("the least number of workers is there without any demand") {
  some_pool pool{4, 1, 2};
  CHECK(pool.report().start == names{"worker", "worker-2"});
  pool.run("worker");
  pool.run("worker-2");
  pool.now = start + 10min;
  CHECK(on_pool_timer(pool.state, pool.now).retire == 0);
  CHECK(pool.exited("worker").start == names{"worker-3"});
}

TEST_CASE("who was not needed for the idle time is let go, the queue says who") {
  some_pool pool;
  pool.report();
  pool.demand(3);
  for (const auto* id : {"worker", "worker-2", "worker-3"})
    pool.run(id);
  pool.demand(0, 3);
  CHECK(next_pool_timer(pool.state) == std::nullopt);
  pool.now = start + 10s;
  pool.demand(0, 1);
  CHECK(next_pool_timer(pool.state) == start + 70s);
  pool.now = start + 69s;
  CHECK(on_pool_timer(pool.state, pool.now).retire == 0);
  pool.now = start + 70s;
  const auto decision = on_pool_timer(pool.state, pool.now);
  CHECK(decision.retire == 2);
  CHECK(decision.retire_among == names{"worker", "worker-2", "worker-3"});
  CHECK(pool.retired({"worker-2", "worker-3"}).stop == names{"worker-2", "worker-3"});
  CHECK(workers_present(pool.state) == 1);
  CHECK(pool.exited("worker-2", true).warning.empty());
}

TEST_CASE("work that comes and goes within the idle time keeps the workers that it takes") {
  some_pool pool;
  pool.report();
  pool.demand(2);
  pool.run("worker");
  pool.run("worker-2");
  pool.demand(0, 0);
  for (int i = 1; i <= 20; ++i) {
    pool.now = start + i * 10s;
    CHECK(pool.demand(0, i % 2).retire == (i == 6 ? 1 : 0));
    if (i == 6)
      pool.retired({"worker-2"});
  }
  CHECK(workers_present(pool.state) == 1);
}

TEST_CASE("a worker that crashes is replaced at once, the next ones later and later") {
  some_pool pool{1};
  pool.report();
  pool.demand(1);
  pool.run("worker");
  pool.demand(0, 1);
  auto crashed = pool.exited("worker");
  CHECK(crashed.warning ==
        "worker local/worker of local/default ended unexpectedly (signal 9 (Killed)); what it ran "
        "is given back, failure 1 in a row; the next one may start at once");
  CHECK(crashed.start.empty());
  CHECK(pool.demand(1, 0).start == names{"worker-2"});
  crashed = pool.exited("worker-2");
  CHECK(crashed.warning.find("could not be started") != std::string::npos);
  CHECK(crashed.start.empty());
  CHECK(next_pool_timer(pool.state) == start + 1s);
  on_removed(pool.state, "worker", pool.now);
  pool.now = start + 1s;
  CHECK(on_pool_timer(pool.state, pool.now).start == names{"worker"});
  pool.exited("worker");
  CHECK(next_pool_timer(pool.state) == start + 3s);
}

TEST_CASE("a worker that stayed for long ends the row of failures") {
  some_pool pool{1};
  pool.report();
  pool.demand(1);
  pool.exited("worker");
  pool.demand(1);
  pool.exited("worker-2");
  pool.now = start + 1s;
  CHECK(on_pool_timer(pool.state, pool.now).start.size() == 1);
  pool.run("worker-3");
  pool.now = start + 10min;
  CHECK(pool.exited("worker-3").start.size() == 1);
}

TEST_CASE("a worker that never asks for work is ended, and another one is started") {
  some_pool pool{1};
  pool.report();
  pool.demand(1);
  CHECK(next_pool_timer(pool.state) == start + 60s);
  pool.now = start + 60s;
  const auto late = on_pool_timer(pool.state, pool.now);
  CHECK(late.stop == names{"worker"});
  CHECK(late.warning.find("did not ask for work") != std::string::npos);
  CHECK(late.start.empty());  // there is room when it is gone
  CHECK(pool.exited("worker").start == names{"worker-2"});
}

TEST_CASE("the name of a worker that ended is free when its queue is done with it") {
  some_pool pool{1};
  pool.report();
  pool.demand(1);
  pool.run("worker");
  CHECK(pool.exited("worker").start == names{"worker-2"});
  on_removed(pool.state, "worker", pool.now);
  pool.run("worker-2");
  CHECK(pool.exited("worker-2", true).start == names{"worker"});
}

TEST_CASE("after a failure of the pool or the provisioner both agree on what there is") {
  some_pool pool;
  pool.report({"worker", "worker-7"});
  CHECK(workers_present(pool.state) == 2);
  const auto decision = pool.report({"worker-7"});
  CHECK(decision.lost == names{"worker"});
  CHECK(workers_present(pool.state) == 1);
}

TEST_CASE("workers of others, and workers that are ended, are nobody's business") {
  some_pool pool;
  pool.report();
  pool.run("stranger");
  CHECK(pool.exited("stranger").warning.empty());
  on_removed(pool.state, "stranger", pool.now);
  CHECK(pool.retired({"stranger"}).stop.empty());
  CHECK(pool.state.workers.empty());
}
