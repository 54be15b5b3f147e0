#pragma once

#include "actors/worker/worker_state.hpp"
#include "messages/queue_commands.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// `<queue>/<group>/<id>`, the worker's id in keys.
std::string worker_key(const task_queue_id& queue, const worker_name& worker);

/// Splits a worker's key; nothing when it is none.
struct worker_key_parts {
  task_queue_id queue;
  worker_name worker;
};
std::optional<worker_key_parts> read_worker_key(std::string_view key);

/// An entry of the index of quarantines, as the order to the worker's queue that it stands for:
/// the worker's key, and the time in milliseconds.
std::optional<set_quarantine> read_quarantine(std::string_view key, std::string_view until);

/// What getWorker and quarantineWorker answer (`schemas/queue/v1/worker-response`).
std::string worker_text(const worker_state& state);

/// Its entry in the answer of listWorkers (`schemas/queue/v1/list-workers-response`).
std::string listed_worker_text(const worker_state& state, timestamp now);

// The row of a worker is a hash of numbers (times in milliseconds) and two JSON arrays.

/// Its fields, in the order in which `read_worker` wants them.
inline constexpr std::array<std::string_view, 6> worker_fields = {
    "expires", "first", "active", "quarantine", "quarantines", "recent",
};
std::string quarantines_text(const worker_state& state);
std::string recent_text(const worker_state& state);

/// The worker as it is stored; an unknown one when `values` are empty, as those of no row are.
worker_state read_worker(const task_queue_id& queue, const worker_name& worker,
                         const std::array<std::string_view, 6>& values);

}  // namespace troupe
