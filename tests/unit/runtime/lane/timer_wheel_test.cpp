#include "runtime/lane/timer_wheel.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <map>
#include <memory>

using namespace troupe;

namespace {

struct target : timer_target {
  int fired = 0;
  timestamp at;
  const timestamp* now = nullptr;
  void on_timer() override {
    ++fired;
    if (now != nullptr)
      at = *now;
  }
};

}  // namespace

TEST_CASE("a timer fires once, at its time and not before") {
  timer_wheel wheel{timestamp{1000}};
  target t;
  wheel.add(timestamp{5000}, t);
  wheel.advance(timestamp{4990});
  CHECK(t.fired == 0);
  wheel.advance(timestamp{5000});
  CHECK(t.fired == 1);
  wheel.advance(timestamp{50'000});
  CHECK(t.fired == 1);
  CHECK(wheel.size() == 0);
  CHECK_FALSE(wheel.next_due());
}

TEST_CASE("a cancelled timer does not fire") {
  timer_wheel wheel{timestamp{0}};
  target t;
  const auto id = wheel.add(timestamp{100}, t);
  wheel.cancel(id);
  wheel.cancel(0);
  wheel.advance(timestamp{1000});
  CHECK(t.fired == 0);
}

TEST_CASE("a timer in the past fires at the next advance") {
  timer_wheel wheel{timestamp{100'000}};
  target t;
  wheel.add(timestamp{5}, t);
  wheel.advance(timestamp{100'020});
  CHECK(t.fired == 1);
}

TEST_CASE("a target may add a timer while it is told") {
  struct again : timer_target {
    timer_wheel* wheel = nullptr;
    int fired = 0;
    void on_timer() override {
      if (++fired < 5)
        wheel->add(timestamp{fired * 1000}, *this);
    }
  };
  timer_wheel wheel{timestamp{0}};
  again t;
  t.wheel = &wheel;
  wheel.add(timestamp{10}, t);
  wheel.advance(timestamp{10'000});
  CHECK(t.fired == 5);
}

TEST_CASE("timers of any distance fire within a tick of their time, whatever the steps") {
  CHECK(rc::check([] {
    const auto start = *rc::gen::inRange<std::int64_t>(0, 2'000'000'000'000);
    timer_wheel wheel{timestamp{start}};
    const auto count = *rc::gen::inRange(1, 40);
    timestamp now{start};
    std::vector<std::unique_ptr<target>> targets;
    std::vector<timestamp> due;
    std::vector<timer_id> ids;
    std::vector<bool> cancelled;
    for (int i = 0; i < count; ++i) {
      const auto scale = *rc::gen::element<std::int64_t>(50, 5'000, 700'000, 90'000'000,
                                                         20'000'000'000, 60'000'000'000'000);
      due.push_back(timestamp{start + *rc::gen::inRange<std::int64_t>(1, scale)});
      targets.push_back(std::make_unique<target>());
      targets.back()->now = &now;
      ids.push_back(wheel.add(due.back(), *targets.back()));
      cancelled.push_back(*rc::gen::inRange(0, 5) == 0);
    }
    for (int i = 0; i < count; ++i)
      if (cancelled[static_cast<std::size_t>(i)])
        wheel.cancel(ids[static_cast<std::size_t>(i)]);
    // Advancing exactly to what the wheel names must fire everything on time.
    int guard = 0;
    while (const auto next = wheel.next_due()) {
      RC_ASSERT(++guard < 100'000);
      now = *next;
      wheel.advance(now);
    }
    for (std::size_t i = 0; i < targets.size(); ++i) {
      RC_ASSERT(targets[i]->fired == (cancelled[i] ? 0 : 1));
      if (cancelled[i])
        continue;
      RC_ASSERT(targets[i]->at.ms >= due[i].ms);
      RC_ASSERT(targets[i]->at.ms <= due[i].ms + 2 * timer_wheel::tick_ms);
    }
  }));
}
