#pragma once

#include "actors/queue_register/queue_register_state.hpp"
#include "messages/api_error.hpp"
#include "messages/register_commands.hpp"
#include "messages/worker_commands.hpp"

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe {

/// A sighting: the record expires never earlier than before, what is not given stays (WI-1).
void sight(queue_record& record, timestamp at, timestamp expires,
           std::optional<std::string_view> description = {},
           std::optional<std::string_view> stability = {});

// How long after its expiry a record is deleted is `delay` in what follows.

/// A queue was seen, perhaps with a worker that is new there: that one is told of at once, whatever
/// its own record will say.
void on_queue_seen(queue_register_state& state, const queue_seen& command,
                   std::chrono::milliseconds delay);

/// A record as it was stored; one that nobody has seen since.
void on_record_read(queue_register_state& state, const task_queue_id& queue, queue_record record,
                    std::chrono::milliseconds delay);

/// A worker says how long it stays, or that it is gone.
void on_worker_noted(queue_register_state& state, const worker_noted& command, timestamp now,
                     std::chrono::milliseconds delay);

/// What is to be done when a time has come.
struct register_decision {
  std::vector<task_queue_id> forgotten;  ///< their records are to be deleted
  std::vector<check_worker> checks;
};
register_decision on_register_timer(queue_register_state& state, timestamp now,
                                    std::chrono::milliseconds delay);

/// When `on_register_timer` has something to do.
std::optional<timestamp> next_register_timer(const queue_register_state& state);

/// The record of a queue that was seen and has not expired; null otherwise.
const queue_record* find_record(const queue_register_state& state, std::string_view queue,
                                timestamp now);

// -- pages ----------------------------------------------------------------------------------------

/// What this lane has for a page: one row more than its limit, to know whether there are more.
std::vector<queue_row> find_rows(const queue_register_state& state, const find_queues& command,
                                 timestamp now);

/// The page out of what the lanes have, each in order; `next` is where it goes on, empty when it
/// does not.
struct queue_page {
  std::vector<queue_row> rows;
  std::string next;
};
queue_page merge_rows(std::vector<std::vector<queue_row>> parts, std::uint32_t limit);

/// Names for a page of workers, at most `limit`: those that are probably listed. `more` says that
/// there are others behind the last one.
struct worker_choice {
  std::vector<worker_name> names;
  bool more = false;
};
worker_choice choose_workers(const queue_register_state& state, std::string_view queue,
                             const std::optional<worker_name>& after,
                             std::optional<bool> quarantined, std::uint32_t limit, timestamp now);

// -- how busy the queues are ----------------------------------------------------------------------

/// The workers of each queue that is known or has workers that are: those whose time is not over,
/// and of these the ones in quarantine.
std::vector<counted_workers> count_workers(const queue_register_state& state, timestamp now);

/// Those of one queue.
counted_workers count_workers_of(const queue_register_state& state, const task_queue_id& queue,
                                 timestamp now);

}  // namespace troupe
