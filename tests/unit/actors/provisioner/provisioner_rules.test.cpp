#include "actors/provisioner/provisioner_rules.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace troupe;

namespace {

start_worker order(unsigned pool, unsigned worker) {
  return {"local", {{"p/q" + std::to_string(pool)}}, {"g", "w" + std::to_string(worker)}, 1};
}

machine_ended end_of(const start_worker& of) { return {"local", of.pool, of.worker, true, ""}; }
stop_worker stop_of(const start_worker& of) { return {"local", of.pool, of.worker}; }

}  // namespace

TEST_CASE("a machine is started once, told to end once, and is there until its end is told") {
  provisioner_state state;
  const auto one = order(1, 1);
  CHECK(on_start(state, one));
  CHECK_FALSE(on_start(state, one));
  CHECK(report_of(state, one.pool).workers == std::vector{one.worker});
  CHECK(on_stop(state, stop_of(one)));
  CHECK_FALSE(on_stop(state, stop_of(one)));
  CHECK(report_of(state, one.pool).workers.size() == 1);
  on_ended(state, end_of(one));
  CHECK(report_of(state, one.pool).workers.empty());
  CHECK_FALSE(on_stop(state, stop_of(one)));
  CHECK(on_start(state, one));
}

TEST_CASE("a successor takes over the machines that are there") {
  provisioner_state state;
  adopt(state, {{{{"p/q1"}}, {"g", "w1"}}, {{{"p/q2"}}, {"g", "w1"}}});
  CHECK(report_of(state, {{"p/q1"}}).workers == std::vector{worker_name{"g", "w1"}});
  CHECK_FALSE(on_start(state, order(2, 1)));
  CHECK(on_stop(state, stop_of(order(2, 1))));
}

TEST_CASE("whatever is ordered and ends when, the machines are those that were started") {
  CHECK(rc::check([] {
    provisioner_state state;
    std::set<std::pair<std::string, std::string>> model;
    std::set<std::pair<std::string, std::string>> stopping;
    for (int i = 0; i < 100; ++i) {
      const auto of = order(*rc::gen::inRange(0u, 3u), *rc::gen::inRange(0u, 4u));
      const std::pair key{of.pool.text, of.worker.id};
      switch (*rc::gen::inRange(0, 3)) {
        case 0:
          RC_ASSERT(on_start(state, of) == model.insert(key).second);
          break;
        case 1:
          RC_ASSERT(on_stop(state, stop_of(of)) ==
                    (model.contains(key) && stopping.insert(key).second));
          break;
        default:
          on_ended(state, end_of(of));
          model.erase(key);
          stopping.erase(key);
      }
      std::size_t reported = 0;
      for (unsigned pool = 0; pool < 3; ++pool)
        reported += report_of(state, order(pool, 0).pool).workers.size();
      RC_ASSERT(reported == model.size());
    }
  }));
}
