#pragma once

#include "messages/ids.hpp"
#include "messages/task_definition.hpp"
#include "messages/timestamp.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

// What the actors tell of a task (messages/explain_commands.hpp), as far as reasons need it.

/// The last run of the task. Times of 0 are absent.
struct run_facts {
  run_id id = 0;
  std::string resolved_as;  ///< `completed`, `deadline-exceeded` and so on
  std::string worker;       ///< `<workerGroup>/<workerId>`; empty: it was never claimed
  timestamp started;
  timestamp taken_until;
  timestamp resolved;
};

/// The task itself.
struct task_facts {
  task_id id;
  std::string state;  ///< as the status has it
  task_queue_id queue;
  task_group_id group;
  task_priority priority = task_priority::lowest;
  dependency_rule requires_rule = dependency_rule::all_completed;
  timestamp created;
  timestamp deadline;
  std::uint64_t retries_left = 0;
  std::optional<run_facts> last_run;
  std::uint64_t dependencies = 0;          ///< all of them
  std::uint64_t open = 0;                  ///< those that it waits for
  std::vector<task_id> open_dependencies;  ///< the first of these
  std::uint64_t enqueued_us = 0;

  bool is_pending() const { return state == "pending"; }
  bool is_running() const { return state == "running"; }
  bool is_unscheduled() const { return state == "unscheduled"; }
  bool is_resolved() const { return !is_pending() && !is_running() && !is_unscheduled(); }
};

/// A dependency that the task waits for.
struct dependency_facts {
  std::string id;
  std::string state;        ///< `gone`: there is no such task any more
  std::string resolved_as;  ///< empty while it is not resolved

  bool is_unsuccessful() const { return state == "failed" || state == "exception"; }
};

/// The queue, and the place of the run in it.
struct queue_facts {
  bool waits = false;
  std::uint64_t ahead = 0;
  std::uint64_t ahead_above = 0;  ///< of these, those of a higher priority
  std::uint64_t pending = 0;
  std::uint64_t claimed = 0;
  std::uint64_t waiting_claims = 0;
  std::uint64_t barred_claims = 0;
  std::uint64_t working_workers = 0;
};

/// The workers of the queue, as its register knows them.
struct worker_facts {
  std::uint64_t known = 0;
  std::uint64_t quarantined = 0;
  timestamp last_active;  ///< when one asked for work last; 0: not known
};

/// The worker pool of the queue.
struct pool_facts {
  std::uint64_t starting = 0;
  std::uint64_t running = 0;
  std::uint64_t stopping = 0;
  std::uint64_t max_workers = 0;
  std::uint64_t failures = 0;  ///< in a row
  std::string last_failure;
  timestamp next_start;
};

/// The task group.
struct group_facts {
  timestamp sealed;  ///< 0: it is not
  bool canceling = false;
};

/// All that was told at one time; nothing of those who were not asked.
struct explain_facts {
  timestamp now;
  task_facts task;
  std::vector<dependency_facts> dependencies;
  std::optional<queue_facts> queue;
  std::optional<worker_facts> workers;
  std::optional<pool_facts> pool;
  std::optional<group_facts> group;
};

/// Reads what the task told; members that are missing are as they are above.
task_facts read_task_facts(const boost::json::object& told);

/// Reads `{task, dependencies, queue, workers, pool, group}`; those who were not asked, or have
/// nothing to tell, are missing or null.
explain_facts read_facts(const boost::json::object& told, timestamp now);

/// A dependency as it stands in `dependencies`, from what the task of that id answered to
/// `get_status`: `{taskId, state, reasonResolved}`. An empty answer: it is gone.
boost::json::object dependency_entry(std::string_view id, const boost::json::object& answered);

}  // namespace troupe
