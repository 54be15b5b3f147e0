// Whatever happens to a pool, it keeps within its bounds and goes on.

#include "actors/worker_type/worker_type_rules.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// A queue and a provisioner that do what they should, as slowly as they like.
struct world {
  worker_type_state pool;
  timestamp now{1'764'000'000'000};
  std::set<std::string> processes;  // that run or are about to
  std::set<std::string> ending;     // told to end
  std::uint32_t most_alive = 0;

  void obey(const worker_type_decision& decision) {
    for (const auto& id : decision.start)
      RC_ASSERT(processes.insert(id).second);  // never a name that is in use
    for (const auto& id : decision.stop) {
      RC_ASSERT(processes.contains(id));
      RC_ASSERT(ending.insert(id).second);  // told once
    }
    RC_ASSERT(decision.retire <= decision.retire_among.size());
    RC_ASSERT(processes.size() <= pool.settings.max_workers);
  }

  bool paused() const { return now < pool.pause_until; }

  void check() {
    const auto& settings = pool.settings;
    // What waits and is not covered has a worker on its way, or a time when it will.
    if (workers_to_start(pool) > 0)
      RC_ASSERT(paused());
    if (paused() && workers_to_start(pool) > 0)
      RC_ASSERT(next_pool_timer(pool).has_value());
    // Idle and within bounds, nothing is to be done at any time.
    if (pool.workers.empty() && pool.pending == 0 && settings.min_workers == 0)
      RC_ASSERT(!next_pool_timer(pool).has_value());
    RC_ASSERT(workers_needed(pool) >= settings.min_workers);
    RC_ASSERT(workers_needed(pool) <= settings.max_workers);
  }
};

std::string any_of(const std::set<std::string>& from) {
  return *std::next(from.begin(), *rc::gen::inRange<int>(0, static_cast<int>(from.size())));
}

void something_happens(world& w) {
  auto& pool = w.pool;
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      w.obey(on_demand(
          pool, {pool.settings.id, *rc::gen::inRange(0u, 12u), *rc::gen::inRange(0u, 12u)}, w.now));
      break;
    case 1:
      if (!w.processes.empty())
        w.obey(on_worker_seen(pool, any_of(w.processes), w.now));
      break;
    case 2:
      if (!w.processes.empty()) {
        const auto id = any_of(w.processes);
        w.processes.erase(id);
        w.ending.erase(id);
        w.obey(on_exited(pool, id, *rc::gen::arbitrary<bool>(), "gone", w.now));
        if (*rc::gen::arbitrary<bool>())
          w.obey(on_removed(pool, id, w.now));
      }
      break;
    case 3: {
      w.now = w.now + std::chrono::milliseconds{*rc::gen::inRange(1, 100'000)};
      const auto decision = on_pool_timer(pool, w.now);
      w.obey(decision);
      workers_retired chosen{pool.settings.id, {}};
      for (std::size_t i = 0; i < decision.retire; ++i)
        chosen.workers.push_back({"g", decision.retire_among[i]});
      const auto present = workers_present(pool);
      const auto stopped = on_retired(pool, chosen, w.now);
      RC_ASSERT(present - stopped.stop.size() >= pool.settings.min_workers || stopped.stop.empty());
      w.obey(stopped);
      break;
    }
    case 4: {
      workers_reported there{pool.settings.id, {}};
      for (const auto& id : w.processes)
        there.workers.push_back({"g", id});
      w.obey(on_reported(pool, there, w.now));
      break;
    }
    default:
      if (const auto due = next_pool_timer(pool)) {
        w.now = std::max(w.now, *due);
        w.obey(on_pool_timer(pool, w.now));
      }
  }
}

}  // namespace

TEST_CASE("whatever happens a pool keeps its bounds, and what waits gets a worker in the end") {
  CHECK(rc::check([] {
    world w;
    auto& settings = w.pool.settings;
    settings.id.text = "p/q";
    settings.worker_group = "g";
    settings.max_workers = *rc::gen::inRange(1u, 6u);
    settings.min_workers = *rc::gen::inRange(0u, settings.max_workers + 1);
    settings.capacity_per_worker = *rc::gen::inRange(1u, 5u);
    w.obey(on_reported(w.pool, {settings.id, {}}, w.now));
    w.check();
    for (int i = 0; i < 60; ++i) {
      something_happens(w);
      w.check();
    }
    // Now all goes well: who is started comes, who is told to end ends.
    const auto all_come = [&w] {
      for (std::size_t before = 0; before != w.processes.size();) {
        before = w.processes.size();  // one that comes may let another be started
        for (const auto& id : std::set<std::string>{w.processes})
          w.obey(on_worker_seen(w.pool, id, w.now));
      }
    };
    all_come();
    while (!w.ending.empty()) {
      const auto id = *w.ending.begin();
      w.ending.erase(id);
      w.processes.erase(id);
      w.obey(on_exited(w.pool, id, true, "gone", w.now));
    }
    all_come();
    w.now = w.now + settings.longest_pause;
    w.obey(on_pool_timer(w.pool, w.now));
    w.obey(on_demand(w.pool, {settings.id, 1, 1000}, w.now));
    RC_ASSERT(w.processes.size() == settings.max_workers || workers_to_start(w.pool) == 0);
    RC_ASSERT(!w.processes.empty());
  }));
}

TEST_CASE("a pool without work ends with the least number of workers, and then keeps still") {
  CHECK(rc::check([] {
    world w;
    auto& settings = w.pool.settings;
    settings.max_workers = *rc::gen::inRange(1u, 6u);
    settings.min_workers = *rc::gen::inRange(0u, settings.max_workers + 1);
    w.obey(on_reported(w.pool, {settings.id, {}}, w.now));
    w.obey(on_demand(w.pool, {settings.id, *rc::gen::inRange(0u, 9u), 0}, w.now));
    for (const auto& id : std::set<std::string>{w.processes})
      w.obey(on_worker_seen(w.pool, id, w.now));
    w.obey(on_demand(w.pool, {settings.id, 0, 0}, w.now));
    for (int i = 0; i < 4; ++i)
      if (const auto due = next_pool_timer(w.pool)) {
        w.now = *due;
        const auto decision = on_pool_timer(w.pool, w.now);
        workers_retired chosen{settings.id, {}};
        for (std::size_t k = 0; k < decision.retire; ++k)
          chosen.workers.push_back({"g", decision.retire_among[k]});
        w.obey(on_retired(w.pool, chosen, w.now));
        for (const auto& id : std::exchange(w.ending, {})) {
          w.processes.erase(id);
          w.obey(on_exited(w.pool, id, true, "gone", w.now));
          w.obey(on_removed(w.pool, id, w.now));
        }
      }
    RC_ASSERT(w.processes.size() == settings.min_workers);
    RC_ASSERT(!next_pool_timer(w.pool).has_value());
  }));
}
