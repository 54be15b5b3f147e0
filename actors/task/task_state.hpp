#pragma once

#include "messages/ids.hpp"
#include "messages/task_commands.hpp"
#include "messages/task_definition.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe {

/// Where a run is. The last three are terminal: a run that has reached one never changes again.
enum class run_state : std::uint8_t { pending, running, completed, failed, exception };

/// Why a run was made. `exception` is the run of a task that ended without ever having had one.
enum class reason_created : std::uint8_t { scheduled, retry, task_retry, rerun, exception };

/// Why a run ended; `none` while it has not.
enum class reason_resolved : std::uint8_t {
  none,
  completed,
  failed,
  deadline_exceeded,
  canceled,
  claim_expired,
  worker_shutdown,
  malformed_payload,
  resource_unavailable,
  internal_error,
  intermittent_task,
};

/// One run of a task (queue contract 3.2). Times of 0 are absent.
struct task_run {
  run_state state = run_state::pending;
  reason_created created = reason_created::scheduled;
  reason_resolved resolved_as = reason_resolved::none;
  worker_name worker;     ///< who claimed it; empty before
  timestamp scheduled;    ///< when it became pending
  timestamp started;      ///< when it was claimed
  timestamp taken_until;  ///< when the claim ends, or ended, unless it is renewed
  timestamp resolved;     ///< when it ended

  friend bool operator==(const task_run&, const task_run&) = default;
};

/// A task that waits for this one.
struct task_dependent {
  task_id id;
  dependency_rule rule = dependency_rule::all_completed;
  bool confirmed = false;  ///< the dependent exists; its edge is written
  timestamp expires;       ///< of the dependent, and of the edge with it; 0: not known

  friend bool operator==(const task_dependent&, const task_dependent&) = default;
};

/// Everything a task knows of itself.
struct task_state {
  task_id id;
  task_definition_ptr definition;                  ///< null while there is no such task
  task_priority priority = task_priority::lowest;  ///< the present one; it may change
  std::uint8_t retries_left = 0;
  bool ever_resolved = false;     ///< sticky: it was resolved for good at least once
  bool claimed_directly = false;  ///< the last claim came by claimTask, which may be repeated
  std::uint64_t enqueued_us = 0;  ///< of the last pending run
  std::vector<task_run> runs;
  std::vector<task_id> open_dependencies;  ///< not satisfied yet
  std::vector<task_dependent> dependents;  ///< by id

  /// False: the task is unscheduled.
  bool has_runs() const { return !runs.empty(); }
  /// The run that decides what state the task is in. Only with runs.
  const task_run& last_run() const { return runs.back(); }
  /// Its number. Only with runs.
  run_id last_run_id() const { return static_cast<run_id>(runs.size() - 1); }
  bool is_pending() const { return has_runs() && last_run().state == run_state::pending; }
  bool is_running() const { return has_runs() && last_run().state == run_state::running; }
  /// Whether the task is resolved. A rerun ends that.
  bool is_terminal() const { return has_runs() && !is_pending() && !is_running(); }
};

/// The dependent of that id; null when there is none.
task_dependent* find_dependent(task_state& state, const task_id& id);

/// Enters a dependent in its place; one that is there already stays as it is.
task_dependent& add_dependent(task_state& state, task_dependent dependent);

/// Whether the edge to that dependent counts for nothing any more (queue contract 3.4).
inline bool is_expired(const task_dependent& dependent, timestamp now) {
  return dependent.expires.ms != 0 && dependent.expires < now;
}

/// Drops the edges that have expired, and gives the dependents whose edges are written.
std::vector<task_id> drop_expired(task_state& state, timestamp now);

/// A page of the dependents that exist, in order of their ids, from behind `after`; one more than
/// `limit` when there are more.
std::vector<task_id> dependents_page(const task_state& state, const std::optional<task_id>& after,
                                     std::size_t limit, timestamp now);

/// The wire's names, e.g. `task-retry`; empty for `reason_resolved::none`.
std::string_view to_string(run_state state);
std::string_view to_string(reason_created reason);
std::string_view to_string(reason_resolved reason);

}  // namespace troupe
