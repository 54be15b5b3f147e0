// A group that is told anything in any order agrees with a plain list of its members.

#include "actors/task_group/task_group_rules.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <tuple>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

using step = std::tuple<int, int, int>;
using steps = std::vector<step>;

enum kind_of_step {
  reserve,
  confirm,
  withdraw,
  resolve,
  resolve_again,
  seal,
  restart,
  last = restart
};

rc::Gen<steps> any_steps() {
  const auto kind = rc::gen::weightedOneOf<int>(
      {{1, rc::gen::inRange(0, last + 1)}, {2, rc::gen::element<int>(reserve, confirm, resolve)}});
  return rc::gen::resize(150, rc::gen::container<steps>(rc::gen::tuple(
                                  kind, rc::gen::inRange(0, 1000), rc::gen::inRange(0, 5))));
}

const task_id some_task = *task_id::parse("AAAAAAAAQACAAAAAAAAAAA");

enum class stage_of_member { reserved, open, resolved };

struct member {
  std::string scheduler;
  timestamp expires;
  stage_of_member stage = stage_of_member::reserved;
};

struct some_world {
  task_group_state group;
  std::vector<member> members;
  timestamp now{1'800'000'000'000};

  some_world() { group.id = *task_group_id::parse("fN1SbArXTPSVFNUvaOlinQ"); }

  std::size_t count(stage_of_member stage) const {
    return static_cast<std::size_t>(std::count_if(
        members.begin(), members.end(), [stage](const member& one) { return one.stage == stage; }));
  }

  /// One of those that have got so far; none may be there.
  std::vector<member>::iterator some(stage_of_member stage, int choice) {
    const auto number = count(stage);
    auto left = number == 0 ? 0 : static_cast<std::size_t>(choice) % number;
    return std::find_if(members.begin(), members.end(),
                        [&](const member& one) { return one.stage == stage && left-- == 0; });
  }

  bool all_resolved() const { return count(stage_of_member::open) == 0; }

  void take(const step& of) {
    const auto [kind, choice, number] = of;
    if (kind == reserve) {
      const member wanted{number == 0 ? "other" : "usual",
                          timestamp{1'800'000'000'000} + std::chrono::minutes{choice}};
      const bool fits = group.sealed.ms == 0 &&
                        (members.empty() || members.front().scheduler == wanted.scheduler);
      const auto refusal = on_reserve(
          group, reserve_member{group.id, some_task, wanted.scheduler, wanted.expires}, now);
      RC_ASSERT(refusal.has_value() == !fits);
      if (fits)
        members.push_back(wanted);
      return;
    }
    if (kind == restart)
      return start_again(choice);
    if (kind == seal) {
      // Rarely, as nothing much happens to a sealed group; and only one that exists.
      if (choice % 10 != 0 || !exists(group, now))
        return;
      const auto before = group.sealed;
      RC_ASSERT(on_seal(group, now) == (before.ms == 0));
      RC_ASSERT(before.ms == 0 || group.sealed == before);
      return;
    }
    const auto wanted = kind == resolve         ? stage_of_member::open
                        : kind == resolve_again ? stage_of_member::resolved
                                                : stage_of_member::reserved;
    const auto found = some(wanted, choice);
    if (found == members.end())
      return;
    switch (kind) {
      case confirm: {
        const auto before = group.expires;
        const bool was_stored = group.stored;
        found->stage = stage_of_member::open;
        const bool written = on_confirm(group, found->expires);
        RC_ASSERT(written == (!was_stored || group.expires != before));
        return;
      }
      case withdraw:
        members.erase(found);
        return on_withdraw(group);
      case resolve:
        found->stage = stage_of_member::resolved;
        RC_ASSERT(on_member_resolved(group, false) == all_resolved());
        return;
      default:
        RC_ASSERT(on_member_resolved(group, true) == all_resolved());
        return;
    }
  }

  /// The group comes back from its record; the members that are live say so, in any order. Those
  /// that were being created are gone, and some of the resolved have nothing more to say.
  void start_again(int choice) {
    std::erase_if(members,
                  [](const member& one) { return one.stage == stage_of_member::reserved; });
    task_group_state read;
    read.id = group.id;
    if (group.stored) {
      read.scheduler_id = group.scheduler_id;
      read.expires = group.expires;
      read.sealed = group.sealed;
      read.stored = true;
    }
    group = read;
    if (!members.empty())
      std::rotate(members.begin(),
                  members.begin() + choice % static_cast<std::ptrdiff_t>(members.size()),
                  members.end());
    for (const auto& one : members)
      if (one.stage == stage_of_member::open || choice % 2 == 0)
        on_resume(group, resume_member{group.id, some_task, one.scheduler, one.expires,
                                       one.stage == stage_of_member::resolved});
  }

  void check() const {
    RC_ASSERT(group.reserved == count(stage_of_member::reserved));
    RC_ASSERT(group.open == count(stage_of_member::open));
    RC_ASSERT(is_idle(group) == (count(stage_of_member::resolved) == members.size()));
    RC_ASSERT(group.stored == (members.size() > count(stage_of_member::reserved)));
    RC_ASSERT(group.scheduler_id == (members.empty() ? "" : members.front().scheduler));
    for (const auto& one : members)
      if (one.stage != stage_of_member::reserved)
        RC_ASSERT(group.expires >= one.expires);
  }
};

}  // namespace

TEST_CASE("GR-1 GR-2 IV-7 a group agrees with a plain list of its members, whatever it is told") {
  CHECK(rc::check([] {
    some_world world;
    for (const auto& next : *any_steps()) {
      world.take(next);
      world.check();
    }
  }));
}
