#pragma once

#include "actors/task/task_state.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// The texts of a task: what the wire shows and what the store keeps. Written straight into
// strings, because each is made for every change of every task.

/// The status structure (queue contract 3.2).
void append_status(std::string& out, const task_state& state);
/// The same as a text of its own.
std::string status_text(const task_state& state);

/// The status of a task that was only just defined: unscheduled, without runs.
void append_pristine_status(std::string& out, const task_state& state);

/// `{"status": ...}`, what most methods answer.
std::string status_answer(std::string_view status);

/// What `explain_task` is answered, around a finished status text.
std::string explanation_text(const task_state& state, std::string_view status);

/// The events of a task (queue contract 5.2).
enum class task_event : std::uint8_t {
  defined,
  pending,
  running,
  completed,
  failed,
  exception,
  priority_changed,
};

/// `exchange/taskcluster-queue/v1/task-defined` and so on.
std::string_view exchange_of(task_event event);

/// The primary routing key (queue contract 5.1). `run` is nothing for task-defined and
/// task-priority-changed; `worker` null when the event names no worker.
void append_routing_key(std::string& out, const task_state& state, std::optional<run_id> run,
                        const worker_name* worker);

/// `route.<r>` for each route of the task.
std::vector<std::string> cc_of(const task_definition& definition);

/// The payload of a task event around a finished status text, or around the pristine one for
/// `defined`; not for priority_changed. `run` and
/// `worker` as in the routing key.
void append_event_payload(std::string& out, task_event event, const task_state& state,
                          std::string_view status, std::optional<run_id> run,
                          const worker_name* worker);

/// The payload of task-priority-changed; the state has the new priority already.
std::string priority_payload(const task_state& state, std::string_view status,
                             task_priority old_priority);

/// One entry of claimWork's answer, for the last run. `credentials` is a finished JSON object.
std::string claim_text(const task_state& state, std::string_view status,
                       std::string_view credentials);

/// The answer of reclaimTask; as a claim, but without the definition.
std::string reclaim_text(const task_state& state, std::string_view status,
                         std::string_view credentials);

/// What the store keeps besides definition and status: whether it ever resolved, its place in the
/// queue, what it waits for.
std::string internal_text(const task_state& state);

/// A task from what the store kept; nothing when the texts make no sense. Dependents are stored as
/// edges of their own.
std::optional<task_state> read_task(const task_id& id, std::string_view definition,
                                    std::string_view status, std::string_view internal);

/// What queue and group have to know of a task, from what the store kept besides its definition,
/// which is the most of it and is not read: of the definition there are only queue, group,
/// scheduler and times. Nothing when the texts make no sense.
std::optional<task_state> read_outline(const task_id& id, std::string_view status,
                                       std::string_view internal);

/// An edge as it is stored: its rule and when it expires.
std::string edge_text(dependency_rule rule, timestamp expires);
/// An edge that was stored, to this dependent. Of a rule that makes no sense, the stricter one; an
/// edge without a time lasts as long as the task.
task_dependent read_edge(const task_id& dependent, std::string_view text);

}  // namespace troupe
