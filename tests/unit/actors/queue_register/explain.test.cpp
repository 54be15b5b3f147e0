#include "actors/queue_register/queue_register_rules.hpp"
#include "actors/queue_register/queue_register_wire.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("explain: the register tells how many workers a queue has, and when one asked last") {
  constexpr timestamp start{1'764'000'000'000};
  constexpr auto delay = 30min;
  const task_queue_id queue{{"a/b"}};
  queue_register_state state;
  const auto told = [&](timestamp now) {
    return explanation_text(count_workers_of(state, queue, now),
                            find_record(state, queue.text, now));
  };
  CHECK(told(start) == R"({"known":0,"quarantined":0})");
  for (const auto* id : {"w1", "w2", "w3"})
    on_queue_seen(state, {queue, {"g", id}, start, start + 24h}, delay);
  on_queue_seen(state, {{{"a/c"}}, {"g", "w4"}, start + 5s, start + 24h}, delay);
  on_worker_noted(state, {queue, {"g", "w2"}, start + 24h, start + 1h}, start, delay);
  CHECK(told(start + 1min) ==
        R"({"known":3,"quarantined":1,"lastActive":")" + to_iso(start) + "\"}");
  CHECK(told(start + 2h) == R"({"known":3,"quarantined":0,"lastActive":")" + to_iso(start) + "\"}");
}
