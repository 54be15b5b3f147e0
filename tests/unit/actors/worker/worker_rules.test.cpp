#include "actors/worker/worker_rules.hpp"
#include "actors/worker/worker_wire.hpp"
#include "tests/unit/actors/task/against_schema.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

constexpr timestamp start{1'764'000'000'000};

worker_state some_worker() {
  worker_state state;
  state.queue.text = "proj/ci";
  state.worker = {"eu", "w-17"};
  return state;
}

task_id numbered(unsigned number) {
  auto digits = std::to_string(number);
  digits.insert(0, 10 - digits.size(), '0');
  return *task_id::parse("AAAAAAAAQAC" + digits + "A");
}

worker_claimed claim_of(std::initializer_list<unsigned> tasks, timestamp at) {
  worker_claimed command;
  for (const auto number : tasks)
    command.runs.push_back({numbered(number), 0});
  command.at = at;
  return command;
}

quarantine_worker quarantine_until(timestamp until, std::string info = {}) {
  return {{}, {}, until, "static/tests", std::move(info), {}};
}

// As the row holds it.
worker_state stored_and_read(const worker_state& state) {
  const std::string numbers[] = {
      std::to_string(state.expires.ms), std::to_string(state.first_claim.ms),
      std::to_string(state.last_active.ms), std::to_string(state.quarantine_until.ms)};
  const auto quarantines = quarantines_text(state);
  const auto recent = recent_text(state);
  return read_worker(state.queue, state.worker,
                     {numbers[0], numbers[1], numbers[2], numbers[3], quarantines, recent});
}

bool same_runs(const std::vector<handed_out_run>& a, const std::vector<handed_out_run>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.task == y.task && x.run == y.run;
  });
}

}  // namespace

TEST_CASE("WI-2 the first sighting makes a worker that never was in quarantine") {
  auto state = some_worker();
  CHECK_FALSE(is_shown(state, start));
  on_seen(state, start);
  CHECK(is_shown(state, start));
  CHECK(state.first_claim == start);
  CHECK(state.last_active == start);
  CHECK(state.expires == start + 24h);
  CHECK(state.quarantine_until < start);
  CHECK(state.recent.empty());
  on_seen(state, start + 1h);
  CHECK(state.first_claim == start);
  CHECK(state.last_active == start + 1h);
  CHECK(state.expires == start + 25h);
  on_seen(state, start);  // told late
  CHECK(state.last_active == start + 1h);
  CHECK(state.expires == start + 25h);
}

TEST_CASE("WI-3 runs of before a restart do not make a worker") {
  auto state = some_worker();
  CHECK_FALSE(on_claimed(state, claim_of({1}, {})));
  CHECK_FALSE(state.is_known());
  on_seen(state, start);
  CHECK(on_claimed(state, claim_of({1}, {})));
  CHECK_FALSE(on_claimed(state, claim_of({1}, {})));
  CHECK(state.recent.size() == 1);
  CHECK(state.last_active == start);
}

TEST_CASE("a worker remembers the last twenty runs, the newest last") {
  auto state = some_worker();
  for (unsigned i = 0; i < 30; ++i)
    on_claimed(state, claim_of({i}, start + i * 1s));
  REQUIRE(state.recent.size() == 20);
  CHECK(state.recent.front().task == numbered(10));
  CHECK(state.recent.back().task == numbered(29));
  CHECK(state.last_active == start + 29s);
}

TEST_CASE("a quarantine is set and lifted, and everyone who did is remembered") {
  auto state = some_worker();
  const auto unknown = on_quarantine(state, quarantine_until(start + 1h), start);
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().code == error_code::resource_not_found);
  on_seen(state, start);
  REQUIRE(on_quarantine(state, quarantine_until(start + 100h, "smells"), start + 2h).has_value());
  CHECK(state.quarantine_until == start + 100h);
  CHECK(state.expires == start + 26h);
  CHECK(is_shown(state, start + 99h));
  CHECK_FALSE(is_shown(state, start + 101h));
  REQUIRE(on_quarantine(state, quarantine_until(start), start + 3h).has_value());
  REQUIRE(state.quarantines.size() == 2);
  CHECK(state.quarantines[0].info == "smells");
  CHECK(state.quarantines[1].info == "[unspecified]");
  CHECK(state.quarantines[1].client_id == "static/tests");
}

TEST_CASE("WK-14 WK-15 a worker is declared, and its expiry never moves backwards") {
  auto state = some_worker();
  REQUIRE(on_declared(state, start + 1h, start).has_value());
  CHECK(is_shown(state, start));
  CHECK(state.first_claim == start);
  CHECK(state.last_active == start);
  CHECK(state.expires == start + 1h);
  CHECK(state.quarantine_until < start);
  on_claimed(state, claim_of({1}, start + 1min));
  REQUIRE(on_declared(state, start + 48h, start + 2min).has_value());
  CHECK(state.expires == start + 48h);
  CHECK(state.last_active == start + 2min);
  CHECK(state.first_claim == start);
  CHECK(state.recent.size() == 1);
  REQUIRE(on_declared(state, start - 1h, start + 3min).has_value());
  CHECK(state.expires == start + 48h);
  CHECK(state.last_active == start + 3min);
}

TEST_CASE("a new worker cannot be declared to have expired") {
  auto state = some_worker();
  const auto refused = on_declared(state, start, start);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == error_code::input_error);
  CHECK_FALSE(state.is_known());
}

TEST_CASE("WK-2 WK-3 WK-18 EX-6 quarantine keeps a worker beyond its expiry") {
  auto state = some_worker();
  CHECK(due_of(state).ms == 0);
  CHECK_FALSE(is_over(state, start + 999h, 0ms));
  CHECK_FALSE(is_listed(state, {}, start));
  on_seen(state, start);
  CHECK(due_of(state) == start + 24h);
  CHECK(is_listed(state, {}, start));
  CHECK(is_listed(state, false, start));
  CHECK_FALSE(is_listed(state, true, start));
  REQUIRE(on_quarantine(state, quarantine_until(start + 100h), start).has_value());
  CHECK(due_of(state) == start + 100h);
  CHECK(is_listed(state, {}, start + 99h));
  CHECK(is_listed(state, true, start + 99h));
  CHECK_FALSE(is_listed(state, false, start + 99h));
  CHECK_FALSE(is_listed(state, true, start + 101h));
  CHECK_FALSE(is_over(state, start + 100h, 30min));
  CHECK(is_over(state, start + 100h + 30min, 30min));
}

TEST_CASE("what is answered agrees with the schema") {
  auto state = some_worker();
  on_claimed(state, claim_of({1, 2}, start));
  REQUIRE(
      on_quarantine(state, quarantine_until(start + 1h, "a \"quoted\" reason"), start).has_value());
  const auto shown = against_schema(worker_text(state), "worker-response");
  CHECK(shown.at("workerGroup").as_string() == "eu");
  CHECK(shown.at("taskQueueId").as_string() == "proj/ci");
  CHECK(shown.at("recentTasks").as_array().size() == 2);
  CHECK(shown.at("quarantineUntil").as_string() == to_iso(start + 1h));
}

TEST_CASE("keys are read as they are written") {
  const auto parts = read_worker_key(worker_key({{"proj/ci"}}, {"eu", "w-17"}));
  REQUIRE(parts);
  CHECK(parts->queue.text == "proj/ci");
  CHECK(parts->worker == worker_name{"eu", "w-17"});
  for (const auto* bad : {"", "/", "a", "a/b", "a/b/c"})
    CHECK_FALSE(read_worker_key(bad));
  const auto quarantine = read_quarantine("proj/ci/eu/w-17", "1764000000000");
  REQUIRE(quarantine);
  CHECK(quarantine->until == start);
}

TEST_CASE("a row that is not there, or is not what it was, reads as what is left of it") {
  CHECK_FALSE(read_worker({{"a/b"}}, {"g", "w"}, {}).is_known());
  const auto odd = read_worker({{"a/b"}}, {"g", "w"},
                               {"5", "x", "", "7", "{\"a\":1}", "[1,{\"taskId\":\"no\"},null]"});
  CHECK(odd.is_known());
  CHECK(odd.recent.empty());
  CHECK(odd.quarantines.empty());
}

TEST_CASE("whatever a worker is told, its record is within bounds and survives being stored") {
  CHECK(rc::check([] {
    auto state = some_worker();
    auto now = start;
    timestamp last_seen{};
    for (int i = 0; i < 40; ++i) {
      now = now + std::chrono::milliseconds{*rc::gen::inRange(0, 100'000'000)};
      const auto before = state;
      switch (*rc::gen::inRange(0, 4)) {
        case 0:
          on_seen(state, now);
          last_seen = now;
          break;
        case 1:
          on_claimed(state, claim_of({*rc::gen::inRange(0u, 60u)}, now));
          last_seen = now;
          break;
        case 2:
          on_claimed(state, claim_of({*rc::gen::inRange(0u, 60u)}, {}));
          break;
        default:
          (void)on_quarantine(state,
                              quarantine_until(now + std::chrono::hours{*rc::gen::inRange(-5, 99)},
                                               *rc::gen::string<std::string>()),
                              now);
      }
      RC_ASSERT(state.expires >= before.expires);
      RC_ASSERT(state.recent.size() <= recent_runs);
      RC_ASSERT(state.is_known() == (last_seen.ms != 0));
      RC_ASSERT(state.last_active == last_seen);
      RC_ASSERT(!before.is_known() || state.first_claim == before.first_claim);
    }
    // Texts of any bytes are stored as JSON, which holds UTF-8 only.
    for (auto& entry : state.quarantines)
      entry.info.erase(std::remove_if(entry.info.begin(), entry.info.end(),
                                      [](char c) { return static_cast<unsigned char>(c) > 126; }),
                       entry.info.end());
    const auto again = stored_and_read(state);
    RC_ASSERT(again.expires == state.expires);
    RC_ASSERT(again.first_claim == state.first_claim);
    RC_ASSERT(again.last_active == state.last_active);
    RC_ASSERT(again.quarantine_until == state.quarantine_until);
    RC_ASSERT(again.quarantines == state.quarantines);
    RC_ASSERT(same_runs(again.recent, state.recent));
  }));
}
