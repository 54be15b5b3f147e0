#include "actors/task_group/task_group_rules.hpp"
#include "runtime/schema/schema.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

const task_group_id some_group = *task_group_id::parse("fN1SbArXTPSVFNUvaOlinQ");
const task_id some_task = *task_id::parse("AAAAAAAAQACAAAAAAAAAAA");
const timestamp some_expiry{1'800'000'000'000};

task_group_state fresh_group() {
  task_group_state state;
  state.id = some_group;
  return state;
}

const timestamp some_now = some_expiry - 24h;

std::optional<std::string> reserve(task_group_state& state, const std::string& scheduler = "s") {
  return on_reserve(state, reserve_member{state.id, some_task, scheduler, some_expiry}, some_now);
}

/// A group with so many members, none of which is resolved.
task_group_state group_of(unsigned members) {
  auto state = fresh_group();
  for (unsigned i = 0; i < members; ++i) {
    reserve(state);
    on_confirm(state, some_expiry);
  }
  return state;
}

void resume(task_group_state& state, bool ever_resolved, timestamp expires = some_expiry) {
  on_resume(state, resume_member{state.id, some_task, "s", expires, ever_resolved});
}

}  // namespace

TEST_CASE("GR-2 the first task fixes the scheduler, and another one is refused with both names") {
  auto state = fresh_group();
  CHECK(!reserve(state, "first"));
  const auto refused = reserve(state, "second");
  REQUIRE(refused.has_value());
  CHECK(refused->find("'first'") != std::string::npos);
  CHECK(refused->find("'second'") != std::string::npos);
  CHECK(refused->find(some_group.str()) != std::string::npos);
  CHECK(!reserve(state, "first"));
  CHECK(state.reserved == 2);
}

TEST_CASE("GR-2 a scheduler is not fixed by a task that was not created after all") {
  auto state = fresh_group();
  reserve(state, "first");
  on_withdraw(state);
  CHECK(is_idle(state));
  CHECK(!reserve(state, "second"));
  CHECK(state.scheduler_id == "second");
}

TEST_CASE("GR-2 a withdrawn task does not free the scheduler of those that stay") {
  auto state = fresh_group();
  reserve(state, "first");
  reserve(state, "first");
  SECTION("while another one is being created") { on_withdraw(state); }
  SECTION("once another one exists") {
    on_confirm(state, some_expiry);
    on_withdraw(state);
  }
  SECTION("and all of them are resolved") {
    on_confirm(state, some_expiry);
    on_withdraw(state);
    on_member_resolved(state, false);
  }
  CHECK(reserve(state, "second").has_value());
}

TEST_CASE("GR-2 a group that was read again keeps its scheduler") {
  auto state = fresh_group();
  state.scheduler_id = "s";
  state.stored = true;
  state.expires = some_expiry;
  CHECK(reserve(state, "other").has_value());
  CHECK(!reserve(state, "s"));
  on_withdraw(state);
  CHECK(reserve(state, "other").has_value());
}

TEST_CASE("CT-14 TG-7 a sealed group takes no task any more, and says since when") {
  auto state = group_of(1);
  state.sealed = timestamp{1'799'999'999'999};
  const auto refused = reserve(state);
  REQUIRE(refused.has_value());
  CHECK(refused->find(to_iso(state.sealed)) != std::string::npos);
  CHECK(state.reserved == 0);
}

TEST_CASE("a group expires an hour after the member that made it, and is written then") {
  auto state = fresh_group();
  reserve(state);
  CHECK(on_confirm(state, some_expiry));
  CHECK(state.expires == some_expiry + 1h);
  CHECK(state.stored);
  reserve(state);
  // Until a member outlives the group itself, nothing changes.
  CHECK(!on_confirm(state, some_expiry + 1h));
  CHECK(state.expires == some_expiry + 1h);
  reserve(state);
  CHECK(on_confirm(state, some_expiry + 1h + 1ms));
  CHECK(state.expires == some_expiry + 2h + 1ms);
  reserve(state);
  CHECK(!on_confirm(state, some_expiry - 1h));
  CHECK(state.expires == some_expiry + 2h + 1ms);
}

TEST_CASE("GR-1 a group is resolved with its last member, and not before") {
  auto state = group_of(3);
  CHECK(!on_member_resolved(state, false));
  CHECK(!on_member_resolved(state, false));
  CHECK(!is_idle(state));
  CHECK(on_member_resolved(state, false));
  CHECK(is_idle(state));
}

TEST_CASE("GR-4 a group of one task is resolved with it") {
  auto state = group_of(1);
  CHECK(on_member_resolved(state, false));
}

TEST_CASE("GR-1 a rerun that resolves again resolves the group again") {
  auto state = group_of(2);
  CHECK(!on_member_resolved(state, false));
  CHECK(!on_member_resolved(state, true));  // its rerun; the other one is still open
  CHECK(on_member_resolved(state, false));
  CHECK(on_member_resolved(state, true));
}

TEST_CASE("GR-1 tasks added to a resolved group open it again") {
  auto state = group_of(1);
  CHECK(on_member_resolved(state, false));
  reserve(state);
  on_confirm(state, some_expiry);
  CHECK(!is_idle(state));
  CHECK(!on_member_resolved(state, true));
  CHECK(on_member_resolved(state, false));
}

TEST_CASE("a task that is being created keeps the group in memory, but does not hold it open") {
  auto state = group_of(1);
  reserve(state);
  CHECK(on_member_resolved(state, false));
  CHECK(!is_idle(state));
  on_withdraw(state);
  CHECK(is_idle(state));
}

TEST_CASE("IV-7 after a restart a group waits for the members that never resolved") {
  auto state = fresh_group();
  resume(state, false);
  resume(state, true);
  resume(state, false);
  CHECK(state.scheduler_id == "s");
  CHECK(state.expires == some_expiry + 1h);
  CHECK(!on_member_resolved(state, true));
  CHECK(!on_member_resolved(state, false));
  CHECK(on_member_resolved(state, false));
}

TEST_CASE("GR-2 after a restart the stored scheduler counts, not that of a member") {
  auto state = fresh_group();
  state.scheduler_id = "stored";
  state.stored = true;
  resume(state, false);
  CHECK(state.scheduler_id == "stored");
}

TEST_CASE("after a restart the expiry grows with members that were written after it") {
  auto state = fresh_group();
  state.expires = some_expiry + 1h;
  resume(state, false, some_expiry);
  CHECK(state.expires == some_expiry + 1h);
  resume(state, false, some_expiry + 2h);
  CHECK(state.expires == some_expiry + 3h);
}

TEST_CASE("confirming and withdrawing what was never reserved counts nothing below zero") {
  auto state = fresh_group();
  on_withdraw(state);
  CHECK(state.reserved == 0);
  on_confirm(state, some_expiry);
  CHECK(state.reserved == 0);
  CHECK(state.open == 1);
  on_member_resolved(state, false);
  CHECK(on_member_resolved(state, false));
  CHECK(state.open == 0);
}

TEST_CASE("GR-1 the event of a resolved group agrees with its schema, and names group and times") {
  auto state = group_of(1);
  state.scheduler_id = "my-scheduler";
  const auto* rule = schema_set::builtin().find("schemas/queue/v1/task-group-changed-message");
  REQUIRE(rule != nullptr);
  for (const auto sealed : {timestamp{}, timestamp{1'799'999'999'999}}) {
    state.sealed = sealed;
    auto payload = boost::json::parse(group_event_payload(state));
    std::vector<std::string> problems;
    rule->validate(payload, &problems);
    CHECK(problems == std::vector<std::string>{});
    CHECK(payload.at("taskGroupId").as_string() == some_group.view());
    CHECK(payload.at("schedulerId") == "my-scheduler");
    CHECK(payload.at("expires").as_string() == to_iso(state.expires));
    CHECK(payload.as_object().contains("sealed") == (sealed.ms != 0));
  }
  CHECK(group_routing_key(state) == "primary.fN1SbArXTPSVFNUvaOlinQ.my-scheduler._");
}

TEST_CASE("TG-5 TG-6 a group exists once a task has joined it, and until it expires") {
  auto state = fresh_group();
  CHECK(!exists(state, some_now));
  reserve(state);
  CHECK(!exists(state, some_now));
  on_confirm(state, some_expiry);
  CHECK(exists(state, some_now));
  CHECK(exists(state, some_expiry + 1h - 1ms));
  CHECK(!exists(state, some_expiry + 1h));
}

TEST_CASE("TG-7 a group is sealed once, and since then") {
  auto state = group_of(1);
  CHECK(on_seal(state, some_now));
  CHECK(!on_seal(state, some_now + 1h));
  CHECK(state.sealed == some_now);
  CHECK(reserve(state).has_value());
}

TEST_CASE("GR-3 a group that has expired begins anew; one that has not is protected") {
  auto state = group_of(1);
  on_member_resolved(state, false);
  on_seal(state, some_now);
  const auto join = [&](timestamp now) {
    return on_reserve(state, reserve_member{state.id, some_task, "new", some_expiry + 10h}, now);
  };
  CHECK(join(some_expiry + 1h - 1ms).has_value());
  CHECK(!state.renewed);
  CHECK(!join(some_expiry + 1h));
  CHECK(state.renewed);
  CHECK(state.scheduler_id == "new");
  CHECK(state.sealed.ms == 0);
  CHECK(!exists(state, some_expiry + 1h));
  CHECK(on_confirm(state, some_expiry + 10h));
  CHECK(state.expires == some_expiry + 11h);
  CHECK(exists(state, some_expiry + 1h));
}

TEST_CASE("explain: a group tells whether it is sealed or being canceled") {
  task_group_state state;
  CHECK(explanation_text(state, false) == R"({"canceling":false})");
  state.sealed = timestamp{1'764'000'000'000};
  CHECK(explanation_text(state, true) ==
        R"({"canceling":true,"sealed":")" + to_iso(state.sealed) + "\"}");
}
