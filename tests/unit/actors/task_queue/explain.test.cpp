// What a queue tells of a run that waits.

#include "tests/unit/actors/task_queue/some_queue.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace troupe;

namespace {

explain_run about(const some_queue& q, unsigned task) {
  const auto found = std::find_if(q.enqueued.begin(), q.enqueued.end(), [task](const auto& known) {
    return known.task == task_number(task);
  });
  return {q.state.id, found->task, found->run, found->priority, found->enqueued_us, {}};
}

run_place place(const some_queue& q, unsigned task) {
  return place_of(q.state, about(q, task), q.now);
}

std::string told(some_queue& q, unsigned task) {
  return explanation_text(place(q, task),
                          count_runs_of(q.state, q.now, std::chrono::hours{1'000'000}));
}

}  // namespace

TEST_CASE("explain: a run's place goes by priority, then by age") {
  some_queue q;
  q.enqueue(1, task_priority::low);
  q.enqueue(2, task_priority::low);
  q.enqueue(3, task_priority::low);
  q.enqueue(4, task_priority::highest);
  q.enqueue(5, task_priority::high);
  q.enqueue(6, task_priority::very_low);
  q.take(9, 1);
  q.take(8, 1);
  q.take(7, 2);
  CHECK(told(q, 2) ==
        R"({"waits":true,"ahead":3,"aheadByPriority":{"highest":1,"high":1,"low":1},"pending":6,)"
        R"("claimed":3,"waitingClaims":0,"barredClaims":0,"workingWorkers":2})");
  CHECK(told(q, 4) == R"({"waits":true,"ahead":0,"aheadByPriority":{},"pending":6,)"
                      R"("claimed":3,"waitingClaims":0,"barredClaims":0,"workingWorkers":2})");
  q.reprioritise(2, task_priority::very_high);
  CHECK(place(q, 2).ahead == std::array<std::uint64_t, 7>{0, 0, 0, 0, 0, 0, 1});
}

TEST_CASE(
    "explain: a run that was handed out waits no longer, and who gets nothing is told apart") {
  some_queue q;
  q.quarantine(2, q.now + std::chrono::hours{1});
  q.claim_work(1, 1, 2);
  q.enqueue(1);
  q.enqueue(2);
  CHECK(place(q, 1).waits);
  CHECK(place(q, 1).barred == 1);
  q.claim_work(3);
  CHECK_FALSE(place(q, 1).waits);
  CHECK(place(q, 2).waits);
  CHECK(place(q, 2).barred == 1);
  q.quarantine(2, q.now);
  CHECK_FALSE(place(q, 2).waits);
}

TEST_CASE("explain: as many go first as are handed out before") {
  CHECK(rc::check([] {
    some_queue q;
    const auto count = *rc::gen::inRange(1u, 400u);
    for (unsigned task = 1; task <= count; ++task)
      q.enqueue(task, static_cast<task_priority>(*rc::gen::inRange(1, 8)));
    const auto asked = *rc::gen::inRange(1u, count + 1);
    const auto ahead = place(q, asked).ahead;
    std::uint64_t before = 0;
    for (; q.state.pending.front().task != task_number(asked); q.state.pending.pop_front())
      ++before;
    std::uint64_t sum = 0;
    for (const auto runs : ahead)
      sum += runs;
    RC_ASSERT(sum == before);
  }));
}
