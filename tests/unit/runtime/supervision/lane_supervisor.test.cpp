#include "runtime/supervision/lane_supervisor.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/lane.hpp"

#include <catch2/catch_test_macros.hpp>

#include <future>
#include <stdexcept>
#include <thread>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

bool prepare_caf() {
  static const bool ready = [] {
    caf::core::init_global_meta_objects();
    return true;
  }();
  return ready;
}

// A lane that runs, with a supervisor whose pauses are short.
struct supervised_lane {
  supervised_lane() {
    supervisor.on_give_up([this](std::string text) { given_up.set_value(std::move(text)); });
    runner = std::thread{[this] { on.run(); }};
  }
  ~supervised_lane() {
    on.stop();
    runner.join();
  }

  static restart_limits limits() {
    restart_limits result;
    result.first_pause = 1ms;
    result.most = 4;
    return result;
  }

  // Fails again and again until it is given up; counts the restarts.
  void fail() {
    supervisor.service_failed("clerk", "no ink", [this] {
      ++restarts;
      fail();
    });
  }

  const bool ready = prepare_caf();
  caf::actor_system_config config;
  caf::actor_system system{config};
  system_clock time;
  lane on{0, 1, system, time};
  lane_supervisor supervisor{on, limits()};
  std::promise<std::string> given_up;
  int restarts = 0;
  std::thread runner;  // last: the rest is there when it runs
};

}  // namespace

TEST_CASE("a service that goes on failing is started again a few times, then the server is told") {
  supervised_lane bench;
  bench.on.post([&] { bench.fail(); });
  const auto text = bench.given_up.get_future().get();
  CHECK(text.find("the clerk failed 4 times in a row") == 0);
  CHECK(text.find("no ink") != std::string::npos);
  CHECK(bench.restarts == 3);
}

TEST_CASE("one of many that fails comes back later and later, and is never given up") {
  supervised_lane bench;
  std::promise<std::vector<std::int64_t>> told;
  bench.on.post([&] {
    std::vector<std::int64_t> pauses;
    for (int i = 0; i < 6; ++i)
      pauses.push_back(bench.supervisor.one_failed("task", "a", "no ink").count());
    pauses.push_back(bench.supervisor.one_failed("task", "b", "no ink").count());
    told.set_value(pauses);
  });
  CHECK(told.get_future().get() == std::vector<std::int64_t>{0, 1, 2, 4, 8, 16, 0});
}

TEST_CASE("jobs run after their pause, in order, and not within the caller") {
  supervised_lane bench;
  std::promise<std::string> told;
  bench.on.post([&] {
    auto order = std::make_shared<std::string>();
    bench.supervisor.after(30ms, [order, &told] { told.set_value(*order += "late"); });
    bench.supervisor.after(0ms, [order] { *order += "soon "; });
    *order += "now ";
  });
  CHECK(told.get_future().get() == "now soon late");
}

TEST_CASE("an exception is described by its text") {
  CHECK(describe_exception(std::make_exception_ptr(std::runtime_error("no ink"))) == "no ink");
  CHECK(describe_exception(std::make_exception_ptr(7)) == "an exception without a text");
}
