// Tasks that are told anything in any order: whatever happens, the invariants of queue contract 9.6
// hold, what the queue believes agrees with the task, its row is read as it was written, and saying
// a thing twice is saying it once.

#include "actors/task/task_wire.hpp"
#include "tests/unit/actors/task/some_task.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <set>
#include <tuple>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

/// What happens: a kind, and two numbers that each kind reads in its own way.
using step = std::tuple<int, int, int>;
using steps = std::vector<step>;

enum kind_of_step {
  create_again,
  schedule,
  rerun,
  cancel,
  claim,
  reclaim,
  report,
  lose_worker,
  remove_worker,
  resolve_dependency,
  change_priority,
  claim_directly,
  cancel_with_group,
  change_with_group,
  restart,
  let_pass,
  last_kind_of_step = let_pass,
};

rc::Gen<steps> any_steps() {
  // What happens to tasks every day comes more often, so that long lives are lived.
  const auto kind = rc::gen::weightedOneOf<int>(
      {{1, rc::gen::inRange(0, last_kind_of_step + 1)},
       {2, rc::gen::element<int>(claim, claim, report, report, reclaim, rerun, let_pass)}});
  return rc::gen::resize(200, rc::gen::container<steps>(rc::gen::tuple(kind, rc::gen::inRange(0, 7),
                                                                       rc::gen::inRange(0, 60))));
}

bool same(const task_state& a, const task_state& b) {
  return a.priority == b.priority && a.retries_left == b.retries_left &&
         a.ever_resolved == b.ever_resolved && a.claimed_directly == b.claimed_directly &&
         a.enqueued_us == b.enqueued_us && a.runs == b.runs &&
         a.open_dependencies == b.open_dependencies;
}

/// A task among others that believe what its effects tell them.
struct some_world {
  some_task task;
  wish wanted;
  std::set<run_id> waiting;  // in the queue
  std::set<run_id> claimed;
  bool forced = false;  // somebody made it run, or end, in spite of its dependencies

  explicit some_world(const wish& of) : task{of}, wanted{of} {
    task.settings.claim_timeout = 20min;
    see(decide_create(task.state, task.now, ++task.next_us));
  }

  /// Makes the changes and tells the others; checks what one decision promises.
  void see(const task_decision& decision) {
    const auto before = task.state;
    task.carry_out(decision);
    RC_ASSERT(runs_only_grow(before));
    const bool ended = task.state.is_terminal() && !before.is_terminal();
    const bool waits_anew = task.state.is_pending() && task.state.runs.size() > before.runs.size();
    unsigned signals = 0;
    unsigned pending_events = 0;
    for (const auto& effect : decision.effects) {
      believe(effect, decision.changes.empty());
      signals += effect.what == task_effect::kind::signal;
      pending_events += effect.what == task_effect::kind::publish_pending;
      RC_ASSERT(is_true(effect));
    }
    RC_ASSERT(signals <= 1u);
    if (ended)
      RC_ASSERT(signals == 1u);  // IV-7
    if (signals > 0)
      RC_ASSERT(task.state.is_terminal());  // a retry is no resolution
    if (waits_anew)
      RC_ASSERT(pending_events == 1u);  // SM-10
  }

  void see(const outcome<task_decision>& decision) {
    if (decision)
      see(*decision);
  }

  /// `repeated` events tell again of what is so.
  void believe(const task_effect& effect, bool repeated) {
    using kind = task_effect::kind;
    if (effect.what == kind::enqueue)
      RC_ASSERT(waiting.insert(effect.run).second);
    if (effect.what == kind::dequeue)
      waiting.erase(effect.run);
    if (effect.what == kind::release)
      RC_ASSERT(claimed.erase(effect.run) == 1u);
    if (effect.what == kind::publish_running && !repeated) {
      waiting.erase(effect.run);
      RC_ASSERT(claimed.insert(effect.run).second);
    }
    if (effect.what == kind::take) {
      RC_ASSERT(!waiting.contains(effect.run));
      RC_ASSERT(claimed.contains(effect.run));
    }
    if (effect.what == kind::reprioritise) {
      RC_ASSERT(waiting.contains(effect.run));
      RC_ASSERT(effect.old_priority != task.state.priority);
    }
  }

  /// An event says of a run what is so.
  bool is_true(const task_effect& effect) const {
    using kind = task_effect::kind;
    auto is = [&](run_state state) { return task.state.runs.at(effect.run).state == state; };
    switch (effect.what) {
      case kind::publish_pending:
      case kind::enqueue:
      case kind::reprioritise:
        return is(run_state::pending) && effect.run == task.state.last_run_id();
      case kind::publish_running:
      case kind::take:
        return is(run_state::running);
      case kind::publish_completed:
        return is(run_state::completed);
      case kind::publish_failed:
        return is(run_state::failed);
      case kind::publish_exception:
        return is(run_state::exception);
      case kind::signal:
        return effect.resolution == resolution_of(task.state);
      default:
        return true;
    }
  }

  bool runs_only_grow(const task_state& before) const {
    if (before.runs.size() > task.state.runs.size())
      return false;
    for (std::size_t i = 0; i < before.runs.size(); ++i) {
      const auto& run = before.runs[i];
      const bool terminal = run.state != run_state::pending && run.state != run_state::running;
      if (terminal && run != task.state.runs[i])
        return false;
      if (!terminal && (run.created != task.state.runs[i].created ||
                        run.scheduled != task.state.runs[i].scheduled))
        return false;
    }
    return true;
  }

  /// The clock goes on, and the timer goes off whenever it is due.
  void pass(std::chrono::milliseconds time) {
    const auto end = task.now + time;
    for (int fired = 0;; ++fired) {
      RC_ASSERT(fired < 200);
      const auto due = next_timer(task.state, task.now, task.settings);
      if (!due || *due > end)
        break;
      RC_ASSERT(*due > task.now);  // what is due was done
      task.now = *due;
      const auto decision = decide_timer(task.state, task.now, ++task.next_us, task.settings);
      forced |= task.now >= task.deadline() + task.settings.deadline_grace;
      see(decision);
    }
    task.now = end;
  }

  /// The task comes back from the store, and the others ask it what is so.
  void start_again() {
    auto read = read_task(task.state.id, task.state.definition->json, status_text(task.state),
                          internal_text(task.state));
    RC_ASSERT(read.has_value());
    task.state = std::move(*read);
    waiting.clear();
    claimed.clear();
    if (task.state.is_pending() && task.now < task.deadline())
      waiting.insert(task.state.last_run_id());
    if (task.state.is_running())
      claimed.insert(task.state.last_run_id());
  }

  /// The last run mostly, sometimes an earlier one or one that is not there.
  run_id some_run(int number) const {
    const auto last = task.state.has_runs() ? task.state.last_run_id() : 0;
    if (number < 50)
      return last;
    return number < 57 ? last / 2 : last + 1;
  }

  /// A step, about the run that is meant by it now or was before.
  void take(const step& of) { take(of, some_run(std::get<2>(of))); }
  void take(const step& of, run_id run);
  void check() const;
};

void some_world::take(const step& of, run_id run) {
  const auto [kind, choice, number] = of;
  auto& state = task.state;
  const auto now = task.now;
  const auto us = ++task.next_us;
  switch (kind) {
    case create_again:
      return see(decide_create_again(state, *define(wanted)));
    case schedule:
      forced = true;
      return see(decide_schedule(state, now, us));
    case rerun:
      forced = true;
      return see(decide_rerun(state, now, us, task.settings));
    case cancel:
      forced = true;
      return see(decide_cancel(state, now));
    case claim: {
      claim_run command;
      command.run = run;
      command.worker = choice % 2 == 0 ? some_worker : other_worker;
      if (const auto decision = decide_claim(state, command, now, task.settings))
        see(*decision);
      return;
    }
    case reclaim:
      return see(decide_reclaim(state, run, now, task.settings));
    case report:
      return see(decide_report(state, run, static_cast<run_report>(choice), now, us));
    case lose_worker:
      return see(decide_worker_gone(state, run, now, us));
    case remove_worker:
      return see(
          decide_worker_removed(state, choice % 2 == 0 ? some_worker : other_worker, now, us));
    case resolve_dependency:
      return see(decide_dependency(state, id_number(static_cast<unsigned>(choice % 3)),
                                   static_cast<task_resolution>(number % 3), now, us));
    case change_priority:
      return see(decide_priority(state, static_cast<task_priority>(choice + 1), now));
    case claim_directly: {
      claim_admitted command;
      command.run = run;
      command.worker = choice % 2 == 0 ? some_worker : other_worker;
      command.barred = choice == 6;
      return see(decide_claim_task(state, command, now, task.settings));
    }
    case cancel_with_group:
      forced = true;
      return see(decide_cancel_in_group(state, now));
    case change_with_group:
      return see(decide_priority_in_group(state, static_cast<task_priority>(choice + 1), now));
    case restart:
      return start_again();
    default:
      return pass(std::chrono::minutes{number} + std::chrono::milliseconds{choice - 3});
  }
}

void some_world::check() const {
  const auto& state = task.state;
  const auto read =
      read_task(state.id, state.definition->json, status_text(state), internal_text(state));
  RC_ASSERT(read.has_value());
  RC_ASSERT(same(*read, state));
  RC_ASSERT(status_text(*read) == status_text(state));
  const auto deadline = task.deadline();
  const auto due = next_timer(state, task.now, task.settings);
  // IV-1: a pending run waits, once, until the deadline.
  const bool waits = state.is_pending() && task.now < deadline;
  RC_ASSERT(waiting == (waits ? std::set<run_id>{state.last_run_id()} : std::set<run_id>{}));
  // IV-2: a running run is claimed, and its claim has a timer unless the deadline is nearer.
  RC_ASSERT(claimed ==
            (state.is_running() ? std::set<run_id>{state.last_run_id()} : std::set<run_id>{}));
  if (state.is_running() && state.last_run().taken_until <= deadline)
    RC_ASSERT(due == state.last_run().taken_until);
  // IV-3: what is not resolved has a timer; nothing is overdue.
  RC_ASSERT(due.has_value() == !state.is_terminal());
  if (due) {
    RC_ASSERT(*due > task.now);
    RC_ASSERT(*due <= deadline + task.settings.deadline_grace);
  }
  // IV-4
  for (std::size_t i = 0; i + 1 < state.runs.size(); ++i)
    RC_ASSERT(state.runs[i].resolved_as != reason_resolved::none);
  RC_ASSERT(state.runs.size() <= task.settings.max_runs);
  RC_ASSERT(state.retries_left <= state.definition->retries);
  RC_ASSERT(state.runs.size() + state.retries_left <= task.settings.max_runs);
  // IV-5 and IV-6
  if (!state.open_dependencies.empty() && !forced)
    RC_ASSERT(!state.has_runs());
  if (state.open_dependencies.empty() && task.now < deadline)
    RC_ASSERT(state.has_runs());
  // IV-7
  if (state.is_terminal())
    RC_ASSERT(state.ever_resolved);
}

wish any_wish() {
  wish of;
  of.retries = *rc::gen::weightedElement<unsigned>({{3, 0u}, {3, 2u}, {3, 5u}, {1, 49u}});
  of.lasts = std::chrono::minutes{*rc::gen::element(30, 300, 5000)};
  of.rule = *rc::gen::element(dependency_rule::all_completed, dependency_rule::all_resolved);
  const auto dependencies = *rc::gen::weightedElement<unsigned>({{4, 0u}, {1, 1u}, {1, 2u}});
  for (unsigned i = 0; i < dependencies; ++i)
    of.dependencies.push_back(id_number(i));
  if (*rc::gen::weightedElement<bool>({{9, false}, {1, true}}))
    of.dependencies.push_back(some_id);
  return of;
}

}  // namespace

TEST_CASE("IV-1 IV-2 IV-3 IV-4 IV-5 IV-6 IV-7 hold whatever a task is told, and its row says so") {
  CHECK(rc::check([] {
    some_world world{any_wish()};
    world.check();
    for (const auto& next : *any_steps()) {
      world.take(next);
      world.check();
    }
  }));
}

TEST_CASE("EV-2 IV-8 what is said twice changes nothing the second time") {
  CHECK(rc::check([] {
    some_world world{any_wish()};
    for (const auto& next : *any_steps()) {
      const auto run = world.some_run(std::get<2>(next));
      world.take(next, run);
      if (std::get<0>(next) == let_pass)
        continue;
      const auto before = world.task.state;
      world.take(next, run);
      RC_ASSERT(same(world.task.state, before));
      world.check();
    }
  }));
}

TEST_CASE("a task that nobody touches is resolved a minute after its deadline at the latest") {
  CHECK(rc::check([] {
    some_world world{any_wish()};
    for (const auto& next : *any_steps())
      world.take(next);
    world.pass(std::chrono::hours{100});
    world.check();
    RC_ASSERT(world.task.state.is_terminal());
    RC_ASSERT(world.waiting.empty());
    RC_ASSERT(world.claimed.empty());
  }));
}
