// The claim of a run: renewed in time, lost when it cannot be.
#include "workers/loop/held_claim.hpp"
#include "runtime/clock/clock.hpp"
#include "tests/unit/workers/loop/fake_queue_port.hpp"
#include "workers/loop/run_interrupt.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_all.hpp>

#include <poll.h>

using namespace troupe;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

const auto some_task = *task_id::parse("VtrmzQZ6Q2CGaOJYxyQ0Fg");

timestamp now() { return system_clock{}.now(); }

json::object claim_until(timestamp taken_until, const std::string& client = "first") {
  return {{"status", {{"taskId", some_task.str()}}},
          {"runId", 3},
          {"takenUntil", to_iso(taken_until)},
          {"credentials", {{"clientId", client}, {"accessToken", "token"}, {"certificate", "{}"}}}};
}

call_result renewed(timestamp taken_until, const std::string& client) {
  return {200, json::serialize(claim_until(taken_until, client)), {}, {}};
}

bool is_told(const run_interrupt& interrupt, std::chrono::milliseconds wait = 0ms) {
  pollfd waits{interrupt.descriptor(), POLLIN, 0};
  return ::poll(&waits, 1, static_cast<int>(wait.count())) == 1;
}

void wait_until_told(const run_interrupt& interrupt) { is_told(interrupt, 1h); }

}  // namespace

TEST_CASE("a claim is renewed early enough, and not in the last instant", "[claim]") {
  const timestamp start{1'000'000'000};
  // 10 %, and at least a minute, before its end.
  CHECK(next_reclaim(start, start + 1200s) == start + 1080s);
  CHECK(next_reclaim(start, start + 300s) == start + 240s);
  // One that is short, half way.
  CHECK(next_reclaim(start, start + 4s) == start + 2s);
  CHECK(next_reclaim(start, start + 120s) == start + 60s);
  // A little earlier than others.
  CHECK(next_reclaim(start, start + 1200s, 1) == start + 1026s);
}

TEST_CASE("a claim is renewed before it ends, but never without a pause", "[claim]") {
  CHECK(rc::check("whatever its length", [] {
    const timestamp start{*rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000)};
    const auto length = std::chrono::milliseconds{*rc::gen::inRange(-100'000, 10'000'000)};
    const auto early = *rc::gen::inRange(0, 1001) / 1000.0;
    const auto due = next_reclaim(start, start + length, early);
    RC_ASSERT(due <= next_reclaim(start, start + length));
    RC_ASSERT(due >= start + 200ms);
    RC_ASSERT(due < start + length || length <= 400ms);
  }));
}

TEST_CASE("a renewed claim has the new credentials and tells of them", "[claim]") {
  test::fake_queue_port port;
  run_interrupt interrupt;
  port.answer_reclaims([](std::size_t n) {
    return renewed(now() + (n == 1 ? 1000ms : 1h), "renewed-" + std::to_string(n));
  });
  held_claim claim{port, claim_until(now() + 400ms), interrupt};
  CHECK(claim.run() == run_address{some_task, 3});
  CHECK(claim.by() == credentials{"first", "token", "{}"});
  std::mutex guard;
  std::vector<std::string> told;
  claim.on_renewal([&](const credentials& by) {
    const std::lock_guard lock{guard};
    told.push_back(by.client_id);
  });
  const auto by = port.wait_for_reclaims(2);
  claim.release();
  CHECK(by[0].client_id == "first");
  CHECK(by[1].client_id == "renewed-1");
  CHECK(claim.by().client_id == "renewed-2");
  CHECK(claim.taken_until() > now() + 50min);
  CHECK(told == std::vector<std::string>{"renewed-1", "renewed-2"});
  CHECK_FALSE(is_told(interrupt));
}

TEST_CASE("a claim that the server refuses to renew is lost at once", "[claim]") {
  test::fake_queue_port port;
  run_interrupt interrupt;
  port.answer_reclaims([](std::size_t) { return call_result{409, "{}", {}, {}}; });
  held_claim claim{port, claim_until(now() + 400ms), interrupt};
  wait_until_told(interrupt);
  CHECK(interrupt.lost() == "it was canceled, or resolved otherwise");
  claim.release();
  CHECK(port.reclaims() == 1);
}

TEST_CASE("a server that is away does not lose the claim", "[claim]") {
  test::fake_queue_port port;
  run_interrupt interrupt;
  const auto trouble = GENERATE(0u, 503u, 429u);
  port.answer_reclaims([trouble](std::size_t n) {
    return n == 1 ? call_result{trouble, {}, {}, "away"} : renewed(now() + 1h, "back");
  });
  held_claim claim{port, claim_until(now() + 400ms), interrupt};
  port.wait_for_reclaims(2);
  claim.release();
  CHECK(claim.by().client_id == "back");
  CHECK_FALSE(is_told(interrupt));
}

TEST_CASE("a run that the server no longer wants is interrupted when it says so", "[claim]") {
  test::fake_queue_port port;
  run_interrupt interrupt;
  held_claim claim{port, claim_until(now() + 1h), interrupt};
  REQUIRE(port.watches(claim.run()));
  port.tell_stopped(claim.run(), "deadline-exceeded");
  CHECK(is_told(interrupt));
  CHECK(interrupt.lost() == "deadline-exceeded");
  claim.release();
  CHECK_FALSE(port.watches(claim.run()));
  CHECK(port.reclaims() == 0);
}

TEST_CASE("what is no claim is refused", "[claim]") {
  test::fake_queue_port port;
  run_interrupt interrupt;
  auto without_id = claim_until(now() + 1h);
  without_id["status"] = json::object{};
  CHECK_THROWS(held_claim{port, without_id, interrupt});
  CHECK_THROWS(held_claim{port, json::object{}, interrupt});
}

TEST_CASE("an interruption is for good, and its first reason counts", "[claim]") {
  run_interrupt interrupt;
  CHECK_FALSE(is_told(interrupt));
  CHECK_FALSE(interrupt.stopped());
  interrupt.lose("canceled");
  interrupt.lose("later");
  CHECK(is_told(interrupt));
  CHECK(interrupt.lost() == "canceled");
  CHECK_FALSE(interrupt.stopped());
  interrupt.stop();
  CHECK(interrupt.stopped());
}

TEST_CASE("a pause is cut short by the end of the worker, but not the next one", "[claim]") {
  run_interrupt interrupt;
  std::thread ending{[&] {
    std::this_thread::sleep_for(20ms);
    interrupt.stop();
  }};
  interrupt.pause(1h);
  ending.join();
  const auto before = now();
  interrupt.pause(30ms);
  CHECK(now() - before >= 25ms);
}
