#include "tests/unit/actors/task_queue/some_queue.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

using counted = std::pair<unsigned, unsigned>;

TEST_CASE("CW-5 runs leave by priority, then by age, then by id") {
  some_queue queue;
  queue.enqueue(1);
  queue.enqueue(2, task_priority::high);
  queue.enqueue(3, task_priority::high);
  queue.enqueue(4, task_priority::highest);
  queue.next_us -= 1;  // two at the same microsecond
  queue.enqueue(5, task_priority::lowest);
  queue.next_us -= 1;
  queue.enqueue(0, task_priority::lowest);
  CHECK(queue.claim_work(1, 6) == words{"claim 4/0 for w1", "claim 2/0 for w1", "claim 3/0 for w1",
                                        "claim 1/0 for w1", "claim 0/0 for w1",
                                        "claim 5/0 for w1"});
}

TEST_CASE("CW-5 a retry waits behind what was there before, whatever its task's age") {
  some_queue queue;
  queue.enqueue(1);
  queue.claim_work(1);
  queue.accept(1);
  queue.enqueue(2);
  queue.release(1, 0);
  queue.enqueue(1, task_priority::lowest, 1);
  CHECK(queue.claim_work(1, 2) == words{"claim 2/0 for w1", "claim 1/1 for w1"});
}

TEST_CASE("CW-3 CW-6 a call is answered with what is there once all its tasks have answered") {
  some_queue queue;
  queue.enqueue(1);
  queue.enqueue(2);
  CHECK(queue.claim_work(1, 5) == words{"claim 1/0 for w1", "claim 2/0 for w1"});
  CHECK(queue.accept(2) == words{});
  CHECK(queue.accept(1) == words{"answer w1: 1/0 2/0"});
}

TEST_CASE("a call never gets more than it asked for") {
  some_queue queue;
  for (unsigned task = 1; task <= 3; ++task)
    queue.enqueue(task);
  CHECK(queue.claim_work(1, 2) == words{"claim 1/0 for w1", "claim 2/0 for w1"});
  CHECK(queue.claim_work(2, 0) == words{"claim 3/0 for w2"});
}

TEST_CASE("the longest waiting worker is served first, up to what it asked for") {
  some_queue queue;
  CHECK(queue.claim_work(1, 2) == words{});
  CHECK(queue.claim_work(2, 2) == words{});
  CHECK(queue.enqueue(1) == words{"claim 1/0 for w1"});
  CHECK(queue.enqueue(2) == words{"claim 2/0 for w2"});
  CHECK(queue.enqueue(3) == words{});
  CHECK(queue.counts() == counted{1, 0});
}

TEST_CASE("CW-11 a run that its task refuses is replaced by the next one") {
  some_queue queue;
  for (unsigned task = 1; task <= 4; ++task)
    queue.enqueue(task);
  queue.claim_work(1, 2);
  CHECK(queue.refuse(1) == words{"claim 3/0 for w1"});
  CHECK(queue.refuse(3) == words{"claim 4/0 for w1"});
  CHECK(queue.accept(4) == words{});
  // In the order in which they left the queue.
  CHECK(queue.accept(2) == words{"answer w1: 2/0 4/0"});
  CHECK(queue.counts() == counted{0, 2});
}

TEST_CASE("CW-11 with nothing left to replace it the call is answered with the rest") {
  some_queue queue;
  queue.enqueue(1);
  queue.enqueue(2);
  queue.claim_work(1, 2);
  CHECK(queue.refuse(1) == words{});
  CHECK(queue.accept(2) == words{"answer w1: 2/0"});
}

TEST_CASE("CW-10 a call whose runs were all refused waits on, and gets the next") {
  some_queue queue;
  queue.enqueue(1);
  queue.claim_work(1);
  CHECK(queue.refuse(1) == words{});
  CHECK(queue.enqueue(2) == words{"claim 2/0 for w1"});
  CHECK(queue.accept(2) == words{"answer w1: 2/0"});
}

TEST_CASE("calls whose runs were refused keep their places in the line") {
  some_queue queue;
  queue.enqueue(1);
  queue.enqueue(2);
  queue.claim_work(1);
  queue.claim_work(2);
  queue.claim_work(3);
  SECTION("in whatever order they come back") {
    queue.refuse(1);
    queue.refuse(2);
  }
  SECTION("also the other way round") {
    queue.refuse(2);
    queue.refuse(1);
  }
  CHECK(queue.enqueue(3) == words{"claim 3/0 for w1"});
  CHECK(queue.enqueue(4) == words{"claim 4/0 for w2"});
  CHECK(queue.enqueue(5) == words{"claim 5/0 for w3"});
}

TEST_CASE("CW-1 a call that waited long enough is answered empty, and no earlier") {
  some_queue queue;
  queue.claim_work(1);
  const auto due = next_timer(queue.state);
  CHECK(due == queue.now + queue.wait);
  queue.now = *due - 1ms;
  CHECK(queue.timer() == words{});
  queue.now = *due;
  CHECK(queue.timer() == words{"answer w1: nothing"});
  CHECK(queue.timer() == words{});
  CHECK(next_timer(queue.state) == std::nullopt);
  CHECK(queue.enqueue(1) == words{});
}

TEST_CASE("CW-1 calls of about the same time end together, up to a twentieth of their wait late") {
  const timestamp second{1'800'000'000'000};
  CHECK(end_of_wait(second, 20s) == second + 20s);
  CHECK(end_of_wait(second + 1ms, 20s) == second + 21s);
  CHECK(end_of_wait(second + 999ms, 20s) == second + 21s);
  CHECK(end_of_wait(second + 1s, 20s) == second + 21s);
  CHECK(end_of_wait(second + 3ms, 0ms) == second + 3ms);
  CHECK(end_of_wait(second + 3ms, 19ms) == second + 22ms);
}

TEST_CASE("the next timer is that of the longest waiting, also when it came back to the line") {
  some_queue queue;
  queue.enqueue(1);
  queue.claim_work(1);
  const auto first = queue.now + queue.wait;
  queue.now = queue.now + 5s;
  queue.claim_work(2);
  CHECK(next_timer(queue.state) == queue.now + queue.wait);
  queue.refuse(1);
  CHECK(next_timer(queue.state) == first);
  queue.now = first;
  CHECK(queue.timer() == words{"answer w1: nothing"});
}

TEST_CASE("CW-1 a call whose time is up when its last run is refused is answered empty") {
  some_queue queue;
  queue.enqueue(1);
  queue.claim_work(1);
  queue.now = queue.now + queue.wait;
  CHECK(queue.refuse(1) == words{"answer w1: nothing"});
}

TEST_CASE("CW-12 nothing is claimed for a call that was withdrawn while it waited") {
  some_queue queue;
  queue.claim_work(1);
  queue.claim_work(2);
  CHECK(queue.withdraw(1) == words{});
  CHECK(queue.enqueue(1) == words{"claim 1/0 for w2"});
  CHECK(queue.enqueue(2) == words{});
}

TEST_CASE("CW-12 runs claimed for a session that is gone are given back") {
  some_queue queue;
  for (unsigned task = 1; task <= 4; ++task)
    queue.enqueue(task);
  queue.claim_work(1, 3);
  queue.accept(1);
  SECTION("those it had already, and those that come") {
    CHECK(queue.withdraw(1) == words{"return 1/0"});
    CHECK(queue.accept(2) == words{"return 2/0"});
    CHECK(queue.refuse(3) == words{});
  }
  SECTION("and nothing is claimed in their place") {
    CHECK(queue.withdraw(1) == words{"return 1/0"});
    CHECK(queue.refuse(2) == words{});
    CHECK(queue.refuse(3) == words{});
  }
  CHECK(queue.claim_work(2) == words{"claim 4/0 for w2"});
  CHECK(queue.state.collectors.size() == 1);
}

TEST_CASE("withdrawing what was answered, or was never there, does nothing") {
  some_queue queue;
  CHECK(queue.withdraw(9) == words{});
  queue.enqueue(1);
  queue.claim_work(1);
  queue.accept(1);
  CHECK(queue.withdraw(1) == words{});
  CHECK(queue.counts() == counted{0, 1});
}

TEST_CASE("a call that can wait no longer is answered with what it is getting, or with nothing") {
  some_queue queue;
  SECTION("at once while it waits") {
    queue.claim_work(1);
    CHECK(queue.hurry(1) == words{"answer w1: nothing"});
    CHECK(queue.enqueue(1) == words{});
  }
  SECTION("with what was claimed for it, and nothing of it is given back") {
    queue.enqueue(1);
    queue.enqueue(2);
    queue.claim_work(1, 2);
    queue.accept(1);
    CHECK(queue.hurry(1) == words{});
    CHECK(queue.accept(2) == words{"answer w1: 1/0 2/0"});
  }
  SECTION("and does not go back to the line when all was refused") {
    queue.enqueue(1);
    queue.claim_work(1);
    CHECK(queue.hurry(1) == words{});
    CHECK(queue.refuse(1) == words{"answer w1: nothing"});
    CHECK(queue.state.waiting.empty());
  }
}

TEST_CASE("a reply slot that is used again is another call") {
  some_queue queue;
  queue.claim_work(1);
  queue.withdraw(1);
  queue.claim_work(1);
  reply_handle older{0, 0, 1, 7};
  CHECK(on_withdraw(queue.state, withdraw_claim{queue.state.id, older}).returned.empty());
  CHECK(queue.enqueue(1) == words{"claim 1/0 for w1"});
}

TEST_CASE("QC-5 a run past its deadline is not handed out, and a run counts once") {
  some_queue queue;
  queue.deadline = queue.now + 1s;
  queue.enqueue(1);
  queue.deadline = queue.now + 1h;
  queue.enqueue(2);
  const auto again = queue.enqueued.back();
  on_enqueue(queue.state, again, queue.now);  // as a restarted task may say once more
  CHECK(queue.counts() == counted{2, 0});
  queue.now = queue.now + 1s;
  CHECK(queue.claim_work(1, 2) == words{"claim 2/0 for w1"});
  CHECK(queue.counts() == counted{0, 0});
  queue.accept(2);
  CHECK(queue.counts() == counted{0, 1});
  on_resume_claim(queue.state, resume_claim{queue.state.id, task_number(2), 0, {"g", "1"}});
  CHECK(queue.counts() == counted{0, 1});
}

TEST_CASE("CN-6 QC-1 QC-7 counts follow enqueue, cancel, claim, release and retry at once") {
  some_queue queue;
  CHECK(queue.counts() == counted{0, 0});
  queue.enqueue(1);
  queue.enqueue(2);
  CHECK(queue.counts() == counted{2, 0});
  queue.dequeue(2);
  CHECK(queue.counts() == counted{1, 0});
  queue.claim_work(1);
  queue.accept(1);
  CHECK(queue.counts() == counted{0, 1});
  queue.release(1, 0);
  queue.enqueue(1, task_priority::lowest, 1);
  CHECK(queue.counts() == counted{1, 0});
  queue.claim_work(1);
  queue.accept(1);
  queue.release(1, 0);  // late news of the run before
  CHECK(queue.counts() == counted{0, 1});
  queue.release(1, 1);
  CHECK(queue.counts() == counted{0, 0});
}

TEST_CASE("a worker in quarantine waits in vain, and others are served past it") {
  some_queue queue;
  queue.quarantine(1, queue.now + 1h);
  queue.enqueue(1);
  CHECK(queue.claim_work(1) == words{});
  CHECK(queue.claim_work(2) == words{"claim 1/0 for w2"});
  CHECK(queue.enqueue(2) == words{});
  queue.now = queue.now + queue.wait;
  CHECK(queue.timer() == words{"answer w1: nothing"});
}

TEST_CASE("quarantine counts when work is handed out, not when it was asked for") {
  some_queue queue;
  queue.claim_work(1);
  queue.quarantine(1, queue.now + 1h);
  CHECK(queue.enqueue(1) == words{});
  CHECK(queue.counts() == counted{1, 0});
}

TEST_CASE("a run refused by its task is not replaced for a worker that is in quarantine by now") {
  some_queue queue;
  queue.enqueue(1);
  queue.enqueue(2);
  queue.claim_work(1);
  queue.quarantine(1, queue.now + 1h);
  CHECK(queue.refuse(1) == words{});
  CHECK(queue.claim_work(2) == words{"claim 2/0 for w2"});
}

TEST_CASE("a lifted quarantine gives a waiting worker what waits for one") {
  some_queue queue;
  queue.quarantine(1, queue.now + 1h);
  queue.claim_work(1);
  queue.enqueue(1);
  CHECK(queue.quarantine(1, queue.now - 1s) == words{"claim 1/0 for w1"});
}

TEST_CASE("a worker whose quarantine ran out waits longer than one that comes after it") {
  some_queue queue;
  queue.quarantine(1, queue.now + 1s);
  queue.claim_work(1);
  queue.enqueue(1);
  queue.now = queue.now + 2s;
  CHECK(queue.claim_work(2) == words{"claim 1/0 for w1"});
}

TEST_CASE("PR-1 S19 a run that waits gets the place of its new priority, and keeps its age") {
  some_queue queue;
  for (unsigned task = 1; task <= 4; ++task)
    queue.enqueue(task);
  queue.enqueue(5, task_priority::high);
  CHECK(queue.reprioritise(3, task_priority::high) == words{});
  CHECK(queue.reprioritise(2, task_priority::highest) == words{});
  CHECK(queue.reprioritise(5, task_priority::lowest) == words{});
  CHECK(queue.counts() == counted{5, 0});
  CHECK(queue.claim_work(1, 5) == words{"claim 2/0 for w1", "claim 3/0 for w1", "claim 1/0 for w1",
                                        "claim 4/0 for w1", "claim 5/0 for w1"});
}

TEST_CASE("CW-11 a new priority brings nothing back that is being claimed, or is gone") {
  some_queue queue;
  queue.enqueue(1);
  queue.enqueue(2);
  queue.claim_work(1, 1);
  CHECK(queue.reprioritise(1, task_priority::high) == words{});
  CHECK(queue.counts() == counted{1, 0});
  queue.dequeue(2);
  CHECK(queue.reprioritise(2, task_priority::high) == words{});
  CHECK(queue.counts() == counted{0, 0});
  queue.accept(1);
  CHECK(queue.reprioritise(1, task_priority::low) == words{});
  CHECK(queue.counts() == counted{0, 1});
}

TEST_CASE("CL-4 a run that is claimed past the order waits no more, and counts as claimed") {
  some_queue queue;
  queue.enqueue(1);
  queue.enqueue(2);
  queue.take(2, 7);
  CHECK(queue.counts() == counted{1, 1});
  CHECK(queue.claim_work(1, 2) == words{"claim 1/0 for w1"});
  queue.release(2);
  CHECK(queue.counts() == counted{0, 0});
}

TEST_CASE("QUIRK-3 a worker in quarantine is not let past the order either") {
  some_queue queue;
  CHECK(queue.admits(1));
  queue.quarantine(1, queue.now + 10s);
  CHECK(!queue.admits(1));
  CHECK(queue.admits(2));
  queue.now = queue.now + 10s;
  CHECK(queue.admits(1));
}

TEST_CASE("WR-4 a worker that is gone without a reason is gone for an unknown one") {
  some_queue queue;
  queue.enqueue(1);
  queue.claim_work(1, 1);
  queue.accept(1);
  for (const std::string reason : {"", "its machine burned"}) {
    const auto decision =
        on_remove_worker(queue.state, remove_worker{queue.state.id, {"g", "1"}, reason});
    REQUIRE(decision.returned.size() == 1);
    CHECK(decision.returned[0].reason == (reason.empty() ? "unknown" : reason));
  }
}
