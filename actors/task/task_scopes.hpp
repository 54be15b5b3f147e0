#pragma once

#include "messages/api_error.hpp"
#include "messages/caller.hpp"
#include "messages/ids.hpp"
#include "messages/task_definition.hpp"
#include "runtime/auth/temporary.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// The scopes that depend on what a task is, and the credentials its runs get.

/// Whether the caller may schedule, rerun or cancel (`verb`) the task; the error is the 403 (queue
/// contract 6.2).
outcome<void> authorise_on_task(const caller& by, std::string_view verb, const task_id& task,
                                const task_definition& definition);

/// Whether the caller may change the task's priority; the error is the 403.
outcome<void> authorise_priority(const caller& by, const task_id& task,
                                 const task_definition& definition);

/// Whether the caller may claim a task of the queue for this worker; the error is the 403.
outcome<void> authorise_claim(const caller& by, const task_queue_id& queue,
                              const worker_name& worker);

/// Whether the caller may do this to the group; `verb` is `seal-task-group`, `cancel-task-group` or
/// `change-task-group-priority`. The error is the 403 (queue contract 6.3).
outcome<void> authorise_on_group(const caller& by, std::string_view verb,
                                 std::string_view scheduler_id, const task_group_id& group);

/// Whether the caller may read artifacts of all these names; the error is the 403.
outcome<void> authorise_artifacts(const caller& by, const std::vector<std::string>& names);

/// The credentials a run's worker works with, as a JSON object (queue contract 8.2). `seed` is 44
/// fresh characters.
std::string run_credentials(const credential_issuer& issuer, const task_id& task, run_id run,
                            const worker_name& worker, timestamp now, timestamp taken_until,
                            const std::vector<std::string>& task_scopes, std::string_view seed);

}  // namespace troupe
