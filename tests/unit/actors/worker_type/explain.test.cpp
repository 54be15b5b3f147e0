#include "actors/worker_type/worker_type_rules.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("explain: a pool tells what it has, may have, and how its last worker failed") {
  constexpr timestamp start{1'764'000'000'000};
  worker_type_state pool;
  pool.settings.id.text = "local/default";
  pool.settings.worker_group = "local";
  pool.settings.max_workers = 3;
  pool.settings.capacity_per_worker = 2;
  const auto demand = [&](std::uint32_t pending, timestamp now) {
    on_demand(pool, {pool.settings.id, pending, 0}, now);
  };
  on_reported(pool, {pool.settings.id, {}}, start);
  demand(4, start);
  CHECK(explanation_text(pool) ==
        R"({"starting":2,"running":0,"stopping":0,"maxWorkers":3,"capacityPerWorker":2,)"
        R"("failures":0})");
  on_worker_seen(pool, "worker", start);
  on_exited(pool, "worker-2", false, "no \"memory\"", start);
  on_removed(pool, "worker-2", start);
  CHECK(explanation_text(pool) ==
        R"({"starting":1,"running":1,"stopping":0,"maxWorkers":3,"capacityPerWorker":2,)"
        R"("failures":1,"lastFailure":"no \"memory\"","nextStart":")" +
            to_iso(start) + "\"}");
  // One that does not come.
  on_pool_timer(pool, start + 60s);
  CHECK(pool.last_failure == "did not ask for work within 60000 ms of its start");
  CHECK(pool.pause_until == start + 61s);
}
