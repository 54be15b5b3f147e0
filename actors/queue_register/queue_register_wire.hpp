#pragma once

#include "actors/queue_register/queue_register_rules.hpp"
#include "actors/queue_register/queue_register_state.hpp"
#include "messages/register_commands.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A task queue, worker type or provisioner as getTaskQueue, getWorkerType and getProvisioner
/// answer it, and as their listings have it.
std::string row_text(queue_view as, const queue_row& row);

/// The answer of listTaskQueues, listWorkerTypes or listProvisioners.
std::string rows_text(queue_view as, const std::vector<queue_row>& rows);

/// The answer of listWorkers out of its entries.
std::string workers_text(const std::vector<std::string>& entries);

/// What `explain_workers` is answered; `record` is null for a queue that nobody asked for work.
std::string explanation_text(const counted_workers& workers, const queue_record* record);

/// What `expire_now` is answered: how many queues are forgotten, and which workers may have to go.
std::string expired_text(const register_decision& decision);

/// The record of a queue as it is stored, and read again; of what is no record, an unknown queue.
std::string record_text(const queue_record& record);
queue_record read_record(std::string_view text);

/// What was removed, and which workers may be over: `{"removed", "workers"}`.
std::string expired_text(const register_decision& decision);

}  // namespace troupe
