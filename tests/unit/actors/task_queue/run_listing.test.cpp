#include "actors/task_queue/run_listing.hpp"

#include "tests/unit/actors/task_queue/some_queue.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

using numbers = std::vector<unsigned>;

numbers numbers_of(const run_page& page) {
  numbers result;
  for (const auto& run : page.runs)
    result.push_back(static_cast<unsigned>(std::stoul(run.task.str().substr(11, 10))));
  return result;
}

/// Page after page, each but the last of which is full.
template <class Page>
numbers all_pages(std::uint32_t limit, Page page_after) {
  numbers all;
  std::string after;
  for (;;) {
    const run_page page = page_after(after);
    const auto some = numbers_of(page);
    all.insert(all.end(), some.begin(), some.end());
    if (!page.more)
      return all;
    RC_ASSERT(page.runs.size() == limit);
    after = page.runs.back().position;
  }
}

void claim(some_queue& queue, unsigned task, timestamp at) {
  on_resume_claim(queue.state, resume_claim{queue.state.id, task_number(task), 0, {"g", "w"}, at});
}

}  // namespace

TEST_CASE("QL-1 pending runs are listed by age, whatever their priority") {
  some_queue queue;
  queue.enqueue(3, task_priority::low);
  queue.enqueue(1, task_priority::highest);
  queue.enqueue(2, task_priority::low, 4);
  const auto page = pending_page(queue.state, "", 1000, queue.now);
  CHECK(numbers_of(page) == numbers{3, 1, 2});
  CHECK_FALSE(page.more);
  CHECK(page.runs[2].run == 4);
  CHECK(page.runs[2].at.ms == static_cast<std::int64_t>(queue.enqueued[2].enqueued_us / 1000));
}

TEST_CASE("QL-5 a run past its deadline is not listed") {
  some_queue queue;
  queue.deadline = queue.now + 1s;
  queue.enqueue(1);
  queue.deadline = queue.now + 1h;
  queue.enqueue(2);
  CHECK(numbers_of(pending_page(queue.state, "", 1, queue.now + 1s)) == numbers{2});
  CHECK_FALSE(pending_page(queue.state, "", 1, queue.now + 1s).more);
  CHECK(pending_page(queue.state, "", 1, queue.now).more);
}

TEST_CASE("QL-6 claimed runs are listed by the time of their claim, which a renewal moves on") {
  some_queue queue;
  claim(queue, 1, queue.now + 2s);
  claim(queue, 2, queue.now + 1s);
  claim(queue, 3, queue.now + 1s);
  CHECK(numbers_of(claimed_page(queue.state, "", 1000)) == numbers{2, 3, 1});
  on_renew_claim(queue.state, renew_claim{queue.state.id, task_number(2), 0, queue.now + 5s});
  on_renew_claim(queue.state, renew_claim{queue.state.id, task_number(3), 1, queue.now + 9s});
  on_renew_claim(queue.state, renew_claim{queue.state.id, task_number(4), 0, queue.now + 9s});
  const auto page = claimed_page(queue.state, "", 1000);
  CHECK(numbers_of(page) == numbers{3, 1, 2});
  CHECK(page.runs[2].at == queue.now + 5s);
  CHECK(page.runs[2].worker == worker_name{"g", "w"});
  queue.release(1, 1);
  queue.release(3);
  CHECK(numbers_of(claimed_page(queue.state, "", 1000)) == numbers{1, 2});
  CHECK(queue.state.claims_by_age.size() == 2);
}

TEST_CASE("PG-5 a position that makes no sense is the beginning") {
  some_queue queue;
  queue.enqueue(1);
  claim(queue, 2, queue.now);
  for (const auto* odd : {"x", "1", "1/", "//", "1/no-id/2", "1/AAAAAAAAQAC0000000001A/x"}) {
    CHECK(numbers_of(pending_page(queue.state, odd, 5, queue.now)) == numbers{1});
    CHECK(numbers_of(claimed_page(queue.state, odd, 5)) == numbers{2});
  }
}

TEST_CASE("entries are what the schemas want") {
  std::string text;
  append_listed_run(text, {task_number(7), 3, {1'764'000'000'001}, {}, ""}, R"({"a":1})");
  CHECK(text == R"({"taskId":"AAAAAAAAQAC0000000007A","runId":3,"inserted":)"
                R"("2025-11-24T16:00:00.001Z","task":{"a":1}})");
  text.clear();
  append_listed_run(text, {task_number(7), 3, {1'764'000'000'001}, {"g", "w"}, ""}, "{}");
  CHECK(text == R"({"taskId":"AAAAAAAAQAC0000000007A","runId":3,"workerGroup":"g","workerId":"w",)"
                R"("claimed":"2025-11-24T16:00:00.001Z","task":{}})");
}

TEST_CASE("QL-2 QL-7 PG-2 PG-7 pages of any size have each run once, in order") {
  CHECK(rc::check([] {
    some_queue queue;
    std::vector<std::pair<std::int64_t, unsigned>> claims;
    std::vector<std::pair<std::uint64_t, unsigned>> pending;
    const auto count = *rc::gen::inRange(0u, 60u);
    for (unsigned task = 1; task <= count; ++task) {
      if (*rc::gen::arbitrary<bool>()) {
        const auto at = queue.now + std::chrono::milliseconds{*rc::gen::inRange(0, 10)};
        claims.emplace_back(at.ms, task);
        claim(queue, task, at);
        continue;
      }
      // Lanes have clocks of their own: ties, and some that come late.
      queue.next_us = static_cast<std::uint64_t>(*rc::gen::inRange(1000, 1010));
      pending.emplace_back(queue.next_us + 1, task);
      queue.enqueue(task, static_cast<task_priority>(*rc::gen::inRange(1, 8)));
    }
    const auto in_order = [](auto& rows) {
      std::sort(rows.begin(), rows.end());
      numbers result;
      for (const auto& [time, task] : rows)
        result.push_back(task);
      return result;
    };
    const auto limit = *rc::gen::inRange(1u, 70u);
    RC_ASSERT(all_pages(limit, [&](const std::string& after) {
                return pending_page(queue.state, after, limit, queue.now);
              }) == in_order(pending));
    RC_ASSERT(all_pages(limit, [&](const std::string& after) {
                return claimed_page(queue.state, after, limit);
              }) == in_order(claims));
  }));
}

TEST_CASE("PG-7 what stays while pages are read is on them once, whatever comes and goes") {
  CHECK(rc::check([] {
    some_queue queue;
    const auto count = *rc::gen::inRange(1u, 40u);
    for (unsigned task = 1; task <= count; ++task)
      queue.enqueue(task, static_cast<task_priority>(*rc::gen::inRange(1, 8)));
    const auto limit = *rc::gen::inRange(1u, 10u);
    numbers stayed(count);
    for (unsigned i = 0; i < count; ++i)
      stayed[i] = i + 1;
    unsigned next = count;
    numbers seen;
    numbers taken;
    std::string after;
    for (bool more = true; more;) {
      const auto page = pending_page(queue.state, after, limit, queue.now);
      const auto some = numbers_of(page);
      seen.insert(seen.end(), some.begin(), some.end());
      more = page.more;
      if (!page.runs.empty())
        after = page.runs.back().position;
      const auto gone = *rc::gen::inRange(1u, next + 1);
      queue.dequeue(gone);
      std::erase(stayed, gone);
      if (next < count + 20)
        queue.enqueue(++next);
    }
    for (const auto task : stayed)
      RC_ASSERT(std::count(seen.begin(), seen.end(), task) == 1);
    RC_ASSERT(std::is_sorted(seen.begin(), seen.end()));
  }));
}
