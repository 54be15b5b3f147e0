#include "actors/task/task_rules.hpp"

#include <algorithm>

namespace troupe {

namespace {

using change_kind = task_change::kind;
using effect_kind = task_effect::kind;

api_error conflict(std::string text) {
  return make_api_error(error_code::request_conflict, std::move(text));
}

api_error unknown_run(const task_state& state, run_id run) {
  return make_api_error(error_code::resource_not_found,
                        "Run " + std::to_string(run) + " of task " + state.id.str() +
                            " does not exist; the task has " + std::to_string(state.runs.size()) +
                            " runs, counted from 0.");
}

std::string run_text(const task_state& state, run_id run) {
  return "Run " + std::to_string(run) + " of task " + state.id.str();
}

// 409 after the deadline: schedule, rerun and cancel come too late then.
outcome<void> check_deadline(const task_state& state, timestamp now, std::string_view what) {
  if (state.definition->deadline >= now)
    return boost::system::in_place_value;
  return conflict("Task " + state.id.str() + " cannot be " + std::string{what} +
                  " any more: its deadline " + to_iso(state.definition->deadline) +
                  " has passed. Create a new task instead.");
}

void add_effect(task_decision& decision, effect_kind what, run_id run) {
  task_effect effect;
  effect.what = what;
  effect.run = run;
  decision.effects.push_back(effect);
}

// A new pending run. Past the deadline it is not offered to workers; the deadline resolves it.
void add_run(task_decision& decision, const task_state& state, reason_created reason, timestamp now,
             std::uint64_t enqueued_us) {
  task_change change;
  change.what = change_kind::run_added;
  change.created = reason;
  change.at = now;
  change.enqueued_us = enqueued_us;
  decision.changes.push_back(change);
  const auto run = static_cast<run_id>(state.runs.size());
  add_effect(decision, effect_kind::publish_pending, run);
  if (state.definition->deadline > now)
    add_effect(decision, effect_kind::enqueue, run);
}

void add_signal(task_decision& decision, const task_state& state, task_resolution resolution) {
  if (!state.ever_resolved) {
    task_change change;
    change.what = change_kind::resolved_for_good;
    decision.changes.push_back(change);
  }
  task_effect effect;
  effect.what = effect_kind::signal;
  effect.resolution = resolution;
  decision.effects.push_back(effect);
}

void resolve_last(task_decision& decision, const task_state& state, run_state as,
                  reason_resolved reason, timestamp now) {
  task_change change;
  change.what = change_kind::run_resolved;
  change.state = as;
  change.resolved_as = reason;
  change.at = now;
  decision.changes.push_back(change);
  add_effect(decision, state.is_running() ? effect_kind::release : effect_kind::dequeue,
             state.last_run_id());
}

void publish_exception(task_decision& decision, run_id run, bool with_worker) {
  task_effect effect;
  effect.what = effect_kind::publish_exception;
  effect.run = run;
  effect.with_worker = with_worker;
  decision.effects.push_back(effect);
}

// S15 to S17: whatever state an unresolved task is in, it ends as an exception.
task_decision end_unresolved(const task_state& state, reason_resolved reason, bool with_worker,
                             timestamp now) {
  task_decision decision;
  if (!state.has_runs()) {
    task_change change;
    change.what = change_kind::resolved_without_run;
    change.resolved_as = reason;
    change.at = now;
    decision.changes.push_back(change);
    publish_exception(decision, 0, false);
  } else {
    resolve_last(decision, state, run_state::exception, reason, now);
    publish_exception(decision, state.last_run_id(), with_worker && state.is_running());
  }
  add_signal(decision, state, task_resolution::exception);
  return decision;
}

// S11 to S14: an exception that is retried while retries last.
task_decision end_with_retry(const task_state& state, reason_resolved reason,
                             reason_created retry_as, timestamp now, std::uint64_t enqueued_us) {
  task_decision decision;
  resolve_last(decision, state, run_state::exception, reason, now);
  publish_exception(decision, state.last_run_id(), true);
  if (state.retries_left == 0) {
    add_signal(decision, state, task_resolution::exception);
    return decision;
  }
  task_change used;
  used.what = change_kind::retry_used;
  decision.changes.push_back(used);
  add_run(decision, state, retry_as, now, enqueued_us);
  return decision;
}

// S19: where it waits it keeps its age.
task_decision change_priority(const task_state& state, task_priority priority) {
  task_decision decision;
  task_change change;
  change.what = change_kind::priority_changed;
  change.priority = priority;
  decision.changes.push_back(change);
  if (state.is_pending()) {
    task_effect effect;
    effect.what = effect_kind::reprioritise;
    effect.run = state.last_run_id();
    effect.old_priority = state.priority;
    decision.effects.push_back(effect);
  }
  return decision;
}

struct report_outcome {
  run_state state;
  reason_resolved reason;
};

report_outcome outcome_of(run_report report) {
  switch (report) {
    case run_report::completed:
      return {run_state::completed, reason_resolved::completed};
    case run_report::failed:
      return {run_state::failed, reason_resolved::failed};
    case run_report::malformed_payload:
      return {run_state::exception, reason_resolved::malformed_payload};
    case run_report::resource_unavailable:
      return {run_state::exception, reason_resolved::resource_unavailable};
    case run_report::internal_error:
      return {run_state::exception, reason_resolved::internal_error};
    case run_report::worker_shutdown:
      return {run_state::exception, reason_resolved::worker_shutdown};
    case run_report::intermittent_task:
      break;
  }
  return {run_state::exception, reason_resolved::intermittent_task};
}

effect_kind event_of(run_state state) {
  switch (state) {
    case run_state::completed:
      return effect_kind::publish_completed;
    case run_state::failed:
      return effect_kind::publish_failed;
    default:
      return effect_kind::publish_exception;
  }
}

// Why a run that is not running cannot be reported or reclaimed, and what its worker should do.
std::string not_running(const task_run& found) {
  if (found.state == run_state::pending)
    return "it is pending: no worker has claimed it. Claim it first.";
  return "it is resolved as " + std::string{to_string(found.resolved_as)} +
         ". Stop working on it and do not report it.";
}

// A report of a run that is not running: the one that resolved it repeats its events.
outcome<task_decision> repeat_report(const task_state& state, run_id run,
                                     const report_outcome& wanted) {
  const auto& found = state.runs[run];
  if (found.state != wanted.state || found.resolved_as != wanted.reason)
    return conflict(run_text(state, run) + " cannot be reported as " +
                    std::string{to_string(wanted.reason)} + ": " + not_running(found));
  const bool is_last = run == state.last_run_id();
  // An exception may have been retried since.
  const bool is_retried = wanted.state == run_state::exception && run + 1 == state.last_run_id();
  if (!is_last && !is_retried)
    return conflict(run_text(state, run) + " was reported as " +
                    std::string{to_string(wanted.reason)} +
                    " before, and by now the task has run " + std::to_string(state.last_run_id()) +
                    ". Do not report it again.");
  task_decision decision;
  add_effect(decision, event_of(wanted.state), run);
  const auto& last = state.last_run();
  if (is_last)
    add_signal(decision, state, *resolution_of(state));
  else if (state.is_pending() &&
           (last.created == reason_created::retry || last.created == reason_created::task_retry))
    add_effect(decision, effect_kind::publish_pending, state.last_run_id());
  return decision;
}

}  // namespace

// -- creation -------------------------------------------------------------------------------------

task_decision decide_create(const task_state& state, timestamp now, std::uint64_t enqueued_us) {
  task_decision decision;
  add_effect(decision, effect_kind::publish_defined, 0);
  if (state.open_dependencies.empty())
    add_run(decision, state, reason_created::scheduled, now, enqueued_us);
  return decision;
}

outcome<task_decision> decide_create_again(const task_state& state,
                                           const task_definition& definition) {
  if (!same_definition(state.definition->json, definition.json))
    return conflict("Task " + state.id.str() +
                    " exists with a different definition. Use another taskId, or repeat the call "
                    "with exactly the definition that was given first.");
  task_decision decision;
  add_effect(decision, effect_kind::publish_defined, 0);
  if (state.runs.size() == 1 && state.is_pending())
    add_effect(decision, effect_kind::publish_pending, 0);
  return decision;
}

// -- what clients ask for -------------------------------------------------------------------------

outcome<task_decision> decide_schedule(const task_state& state, timestamp now,
                                       std::uint64_t enqueued_us) {
  TROUPE_CHECK(check_deadline(state, now, "scheduled"));
  task_decision decision;
  if (!state.has_runs())
    add_run(decision, state, reason_created::scheduled, now, enqueued_us);
  return decision;
}

outcome<task_decision> decide_rerun(const task_state& state, timestamp now,
                                    std::uint64_t enqueued_us, const task_settings& settings) {
  TROUPE_CHECK(check_deadline(state, now, "rerun"));
  task_decision decision;
  if (state.has_runs() && !state.is_terminal()) {
    if (state.is_pending())
      add_effect(decision, effect_kind::publish_pending, state.last_run_id());
    return decision;
  }
  if (state.runs.size() >= settings.max_runs)
    return conflict("Task " + state.id.str() + " has " + std::to_string(state.runs.size()) +
                    " runs, which is the most a task can have. Create a new task instead.");
  task_change reset;
  reset.what = change_kind::retries_reset;
  // Never more retries than runs are left, the new one counted (queue contract SM-4).
  const auto left = settings.max_runs - static_cast<std::uint32_t>(state.runs.size()) - 1;
  reset.retries =
      static_cast<std::uint8_t>(std::min<std::uint32_t>(state.definition->retries, left));
  add_run(decision, state, reason_created::rerun, now, enqueued_us);
  decision.changes.push_back(reset);
  return decision;
}

outcome<task_decision> decide_cancel(const task_state& state, timestamp now) {
  TROUPE_CHECK(check_deadline(state, now, "canceled"));
  if (!state.is_terminal())
    return end_unresolved(state, reason_resolved::canceled, true, now);
  task_decision decision;
  if (state.last_run().resolved_as == reason_resolved::canceled) {
    publish_exception(decision, state.last_run_id(), true);
    add_signal(decision, state, task_resolution::exception);
  }
  return decision;
}

task_decision decide_cancel_in_group(const task_state& state, timestamp now) {
  if (state.is_terminal() || state.definition->deadline < now)
    return {};
  return end_unresolved(state, reason_resolved::canceled, true, now);
}

// -- what workers do ------------------------------------------------------------------------------

std::optional<task_decision> decide_claim(const task_state& state, const claim_run& command,
                                          timestamp now, const task_settings& settings) {
  if (!state.is_pending() || command.run != state.last_run_id() ||
      state.definition->deadline <= now)
    return std::nullopt;
  task_decision decision;
  task_change change;
  change.what = change_kind::run_claimed;
  change.worker = command.worker;
  change.at = now;
  change.taken_until = now + settings.claim_timeout;
  decision.changes.push_back(change);
  add_effect(decision, effect_kind::publish_running, command.run);
  return decision;
}

outcome<task_decision> decide_claim_task(const task_state& state, const claim_admitted& command,
                                         timestamp now, const task_settings& settings) {
  const auto refused = run_text(state, command.run) + " cannot be claimed";
  if (state.definition->deadline <= now)
    return conflict(refused + ": the deadline of the task, " + to_iso(state.definition->deadline) +
                    ", has come.");
  if (command.barred)
    return conflict(refused + ": worker " + command.worker.group + "/" + command.worker.id +
                    " gets no work: it is in quarantine, or about to be stopped.");
  if (command.run >= state.runs.size())
    return unknown_run(state, command.run);
  const auto& run = state.runs[command.run];
  task_decision decision;
  if (state.is_running() && command.run == state.last_run_id()) {
    if (!state.claimed_directly || run.worker != command.worker)
      return conflict(refused + ": worker " + run.worker.group + "/" + run.worker.id +
                      " has claimed it.");
    add_effect(decision, effect_kind::publish_running, command.run);
    return decision;
  }
  if (command.run != state.last_run_id() || !state.is_pending())
    return conflict(refused + ": it is resolved as " + std::string{to_string(run.resolved_as)} +
                    ".");
  task_change change;
  change.what = change_kind::run_claimed;
  change.worker = command.worker;
  change.directly = true;
  change.at = now;
  change.taken_until = now + settings.claim_timeout;
  decision.changes.push_back(change);
  add_effect(decision, effect_kind::publish_running, command.run);
  add_effect(decision, effect_kind::take, command.run);
  return decision;
}

outcome<task_decision> decide_reclaim(const task_state& state, run_id run, timestamp now,
                                      const task_settings& settings) {
  if (run >= state.runs.size())
    return unknown_run(state, run);
  if (state.definition->deadline <= now)
    return conflict(run_text(state, run) + " cannot be reclaimed: the deadline of the task, " +
                    to_iso(state.definition->deadline) + ", has come. Stop working on it.");
  if (run != state.last_run_id() || !state.is_running())
    return conflict(run_text(state, run) + " cannot be reclaimed: " + not_running(state.runs[run]));
  task_decision decision;
  task_change change;
  change.what = change_kind::run_reclaimed;
  change.taken_until = std::max(state.last_run().taken_until, now + settings.claim_timeout);
  decision.changes.push_back(change);
  return decision;
}

outcome<task_decision> decide_report(const task_state& state, run_id run, run_report report,
                                     timestamp now, std::uint64_t enqueued_us) {
  if (run >= state.runs.size())
    return unknown_run(state, run);
  const auto wanted = outcome_of(report);
  if (run != state.last_run_id() || !state.is_running())
    return repeat_report(state, run, wanted);
  if (report == run_report::worker_shutdown)
    return end_with_retry(state, wanted.reason, reason_created::retry, now, enqueued_us);
  if (report == run_report::intermittent_task)
    return end_with_retry(state, wanted.reason, reason_created::task_retry, now, enqueued_us);
  task_decision decision;
  resolve_last(decision, state, wanted.state, wanted.reason, now);
  add_effect(decision, event_of(wanted.state), run);
  const auto resolution = wanted.state == run_state::completed ? task_resolution::completed
                          : wanted.state == run_state::failed  ? task_resolution::failed
                                                               : task_resolution::exception;
  add_signal(decision, state, resolution);
  return decision;
}

task_decision decide_worker_gone(const task_state& state, run_id run, timestamp now,
                                 std::uint64_t enqueued_us) {
  if (!state.is_running() || run != state.last_run_id())
    return {};
  return end_with_retry(state, reason_resolved::worker_shutdown, reason_created::retry, now,
                        enqueued_us);
}

task_decision decide_worker_removed(const task_state& state, const worker_name& worker,
                                    timestamp now, std::uint64_t enqueued_us) {
  if (!state.is_running() || state.last_run().worker != worker)
    return {};
  return decide_worker_gone(state, state.last_run_id(), now, enqueued_us);
}

// -- priority -------------------------------------------------------------------------------------

outcome<task_decision> decide_priority(const task_state& state, task_priority priority,
                                       timestamp now) {
  const auto refused = "The priority of task " + state.id.str() + " cannot be changed";
  if (state.definition->deadline <= now)
    return conflict(refused + " any more: its deadline " + to_iso(state.definition->deadline) +
                    " has passed.");
  if (state.is_terminal())
    return conflict(refused + ": the task is resolved. Rerun it first.");
  if (state.priority == priority)
    return conflict(refused + ": it is " + std::string{to_string(priority)} + " already.");
  auto decision = change_priority(state, priority);
  task_effect event;
  event.what = effect_kind::publish_priority_changed;
  event.old_priority = state.priority;
  decision.effects.insert(decision.effects.begin(), event);
  return decision;
}

task_decision decide_priority_in_group(const task_state& state, task_priority priority,
                                       timestamp now) {
  if (state.definition->deadline <= now || state.is_terminal() || state.priority == priority)
    return {};
  return change_priority(state, priority);
}

// -- time and dependencies ------------------------------------------------------------------------

task_decision decide_timer(const task_state& state, timestamp now, std::uint64_t enqueued_us,
                           const task_settings& settings) {
  if (state.is_terminal())
    return {};
  const auto deadline = state.definition->deadline;
  if (deadline + settings.deadline_grace <= now)
    return end_unresolved(state, reason_resolved::deadline_exceeded, false, now);
  if (state.is_pending() && deadline <= now) {
    task_decision decision;  // not to be handed out any more, and no longer counted
    add_effect(decision, effect_kind::dequeue, state.last_run_id());
    return decision;
  }
  // Past the deadline a lost claim is left to the deadline (SM-7).
  if (state.is_running() && state.last_run().taken_until <= now && deadline >= now)
    return end_with_retry(state, reason_resolved::claim_expired, reason_created::retry, now,
                          enqueued_us);
  return {};
}

task_decision decide_dependency(const task_state& state, const task_id& required,
                                task_resolution resolution, timestamp now,
                                std::uint64_t enqueued_us) {
  const auto& open = state.open_dependencies;
  if (std::find(open.begin(), open.end(), required) == open.end() ||
      !satisfies_dependency(resolution, state.definition->requires_rule))
    return {};
  task_decision decision;
  task_change change;
  change.what = change_kind::dependency_satisfied;
  change.task = required;
  decision.changes.push_back(change);
  // A task past its deadline is not scheduled any more; the deadline will resolve it.
  if (open.size() == 1 && !state.has_runs() && state.definition->deadline >= now)
    add_run(decision, state, reason_created::scheduled, now, enqueued_us);
  return decision;
}

timestamp claimed_at(const task_state& state, const task_settings& settings) {
  const auto& run = state.last_run();
  return std::max(run.started, run.taken_until - settings.claim_timeout);
}

std::optional<timestamp> next_timer(const task_state& state, timestamp now,
                                    const task_settings& settings) {
  if (state.is_terminal())
    return std::nullopt;
  const auto deadline = state.definition->deadline;
  if (state.is_pending() && now < deadline)
    return deadline;
  if (state.is_running() && state.last_run().taken_until <= deadline && now <= deadline)
    return state.last_run().taken_until;
  return deadline + settings.deadline_grace;
}

std::optional<task_resolution> resolution_of(const task_state& state) {
  if (!state.is_terminal())
    return std::nullopt;
  switch (state.last_run().state) {
    case run_state::completed:
      return task_resolution::completed;
    case run_state::failed:
      return task_resolution::failed;
    default:
      return task_resolution::exception;
  }
}

}  // namespace troupe
