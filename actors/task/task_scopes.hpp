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

/// Whether the caller may read artifacts of all these names; the error is the 403.
outcome<void> authorise_artifacts(const caller& by, const std::vector<std::string>& names);

/// The credentials a run's worker works with, as a JSON object (queue contract 8.2). `seed` is 44
/// fresh characters.
std::string run_credentials(const credential_issuer& issuer, const task_id& task, run_id run,
                            const worker_name& worker, timestamp now, timestamp taken_until,
                            const std::vector<std::string>& task_scopes, std::string_view seed);

}  // namespace troupe
