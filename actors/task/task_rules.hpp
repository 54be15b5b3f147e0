#pragma once

#include "actors/task/task_state.hpp"
#include "messages/answer.hpp"
#include "messages/api_error.hpp"
#include "messages/queue_commands.hpp"
#include "messages/task_commands.hpp"

#include <boost/container/small_vector.hpp>

#include <chrono>
#include <optional>

namespace troupe {

/// The limits a task lives by (queue contract 2).
struct task_settings {
  std::chrono::milliseconds claim_timeout{1'200'000};
  std::chrono::milliseconds deadline_grace{60'000};  ///< from the deadline to what it does
  std::uint32_t max_runs = 50;
};

/// Something that happened to a task; `apply` makes it so.
struct task_change {
  enum class kind : std::uint8_t {
    run_added,             ///< a pending run: `created`, `at`, `enqueued_us`
    run_claimed,           ///< the last run: `worker`, `at`, `taken_until`, `directly`
    run_reclaimed,         ///< the last run: `taken_until`
    run_resolved,          ///< the last run: `state`, `resolved_as`, `at`
    resolved_without_run,  ///< an unscheduled task: `resolved_as`, `at`
    retry_used,
    retries_reset,         ///< to `retries`
    resolved_for_good,     ///< the sticky flag that groups ask for
    dependency_satisfied,  ///< `task`
    priority_changed,      ///< to `priority`; the definition's text changes with it
  };
  kind what = kind::run_added;
  reason_created created = reason_created::scheduled;
  run_state state = run_state::pending;
  reason_resolved resolved_as = reason_resolved::none;
  bool directly = false;  ///< by claimTask
  std::uint8_t retries = 0;
  task_priority priority = task_priority::lowest;
  timestamp at;
  timestamp taken_until;
  std::uint64_t enqueued_us = 0;
  worker_name worker;
  task_id task;
};

/// Something to be done once the changes are applied and committed, in this order.
struct task_effect {
  enum class kind : std::uint8_t {
    publish_defined,           ///< with the pristine status
    publish_pending,           ///< of `run`
    publish_running,           ///< of `run`
    publish_completed,         ///< of `run`
    publish_failed,            ///< of `run`
    publish_exception,         ///< of `run`; `with_worker` says whether its worker is named
    publish_priority_changed,  ///< from `old_priority` to the present one; the last of the events
    enqueue,                   ///< the last run waits in the queue
    dequeue,                   ///< `run` no longer waits
    reprioritise,              ///< `run` waits with the present instead of `old_priority`
    take,                      ///< `run` no longer waits, but is claimed: past the queue's order
    release,                   ///< `run` is no longer claimed
    signal,                    ///< tell group and dependents: `resolution`
  };
  kind what = kind::enqueue;
  run_id run = 0;
  bool with_worker = true;
  task_resolution resolution = task_resolution::completed;
  task_priority old_priority = task_priority::lowest;
};

/// What a command comes to. Without changes nothing is written but the events.
struct task_decision {
  boost::container::small_vector<task_change, 3> changes;
  boost::container::small_vector<task_effect, 4> effects;
};

// Each takes the state as it is and answers what has to happen. `now` is the server's clock;
// `enqueued_us` the place in the queue for a run that becomes pending. Ids in comments are the
// transitions of queue contract 4.1. A deadline has passed after its millisecond, and is reached
// with it. Errors are 404 (no such run) and 409; whether the caller may do it is checked before.

/// S1 to S3, when the id is new. `state.open_dependencies` says what it waits for.
task_decision decide_create(const task_state& state, timestamp now, std::uint64_t enqueued_us);

/// A repeat of createTask: the same events again (EV-2), or 409 for another definition.
outcome<task_decision> decide_create_again(const task_state& state,
                                           const task_definition& definition);

/// S5.
outcome<task_decision> decide_schedule(const task_state& state, timestamp now,
                                       std::uint64_t enqueued_us);

/// S18.
outcome<task_decision> decide_rerun(const task_state& state, timestamp now,
                                    std::uint64_t enqueued_us, const task_settings& settings);

/// S15 and S16.
outcome<task_decision> decide_cancel(const task_state& state, timestamp now);

/// S6; nothing when the run may not be claimed any more.
std::optional<task_decision> decide_claim(const task_state& state, const claim_run& command,
                                          timestamp now, const task_settings& settings);

/// S6 by claimTask: for a certain run, and repeated to whoever claimed it in this way. A worker in
/// quarantine gets nothing.
outcome<task_decision> decide_claim_task(const task_state& state, const claim_admitted& command,
                                         timestamp now, const task_settings& settings);

/// S7.
outcome<task_decision> decide_reclaim(const task_state& state, run_id run, timestamp now,
                                      const task_settings& settings);

/// S8 to S12.
outcome<task_decision> decide_report(const task_state& state, run_id run, run_report report,
                                     timestamp now, std::uint64_t enqueued_us);

/// S14: the run's worker is gone, or never heard of its claim. Nothing to do when the run moved on.
task_decision decide_worker_gone(const task_state& state, run_id run, timestamp now,
                                 std::uint64_t enqueued_us);

/// S14, when all that is known is which worker of the task's queue is gone: nothing unless the last
/// run is running on it.
task_decision decide_worker_removed(const task_state& state, const worker_name& worker,
                                    timestamp now, std::uint64_t enqueued_us);

/// S15 and S16 for a member of a group: nothing for one that is resolved, or past its deadline.
task_decision decide_cancel_in_group(const task_state& state, timestamp now);

/// S19 for one task. Refuses resolved tasks, but not one that was rerun and is unresolved again;
/// refuses the priority it has.
outcome<task_decision> decide_priority(const task_state& state, task_priority priority,
                                       timestamp now);

/// S19 for a member of a group: nothing where `decide_priority` would refuse, and no event, as the
/// group publishes one for all.
task_decision decide_priority_in_group(const task_state& state, task_priority priority,
                                       timestamp now);

/// S13 and S17, whichever is due. From the deadline on a pending run is not offered any more.
task_decision decide_timer(const task_state& state, timestamp now, std::uint64_t enqueued_us,
                           const task_settings& settings);

/// S4: a dependency resolved. Nothing when it was satisfied before, or does not count.
task_decision decide_dependency(const task_state& state, const task_id& required,
                                task_resolution resolution, timestamp now,
                                std::uint64_t enqueued_us);

/// When the last run was claimed, or its claim renewed; only while it runs. The claim's end says
/// so, as long as claims last what they lasted then.
timestamp claimed_at(const task_state& state, const task_settings& settings);

/// When, after `now`, `decide_timer` has something to do next; nothing for a resolved task.
std::optional<timestamp> next_timer(const task_state& state, timestamp now,
                                    const task_settings& settings);

/// Makes the change.
void apply(task_state& state, const task_change& change);

/// Whether this resolution frees a dependent of that rule.
constexpr bool satisfies_dependency(task_resolution resolution, dependency_rule rule) {
  return resolution == task_resolution::completed || rule == dependency_rule::all_resolved;
}

/// How a terminal task was resolved for its dependents; nothing while it is not terminal.
std::optional<task_resolution> resolution_of(const task_state& state);

}  // namespace troupe
