#pragma once

#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"
#include "messages/timestamp.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

// What the register of a lane's task queues is told: which queues were seen there, and which
// workers they have. `get_worker` goes by it, too.

/// How long the record of a queue lasts after somebody worked for it (queue contract 8.4), and when
/// that was no worker with a record of its own.
inline constexpr std::chrono::milliseconds queue_lasts = std::chrono::hours{24};
inline constexpr std::chrono::milliseconds queue_lasts_alone = std::chrono::hours{5 * 24};

/// Somebody worked for the queue; with a worker, it was this one. The record lasts at least until
/// `expires` (queue contract 8.4).
struct queue_seen {
  task_queue_id queue;
  worker_name worker;  ///< an empty id: no particular one
  timestamp at;
  timestamp expires;
};

/// The same because somebody declared a worker, whose record is safe; `body` answers the call once
/// that of the queue is, too.
struct queue_declared {
  task_queue_id queue;
  timestamp at;
  timestamp expires;
  std::string body;
  reply_handle reply;
};

/// From the record of a worker: until when it is to be known, and whether it gets work.
struct worker_noted {
  task_queue_id queue;
  worker_name worker;
  timestamp due;  ///< the later of its expiry and the end of its quarantine; 0: there is none
  timestamp quarantine_until;
};

/// As what a task queue is shown.
enum class queue_view : std::uint8_t { task_queue, worker_type, provisioner };

/// Answer one record: getTaskQueue, getWorkerType.
struct get_task_queue {
  task_queue_id queue;
  queue_view as = queue_view::task_queue;
  reply_handle reply;
};

/// To the register of any lane, which asks those of the others. `only` is the one provisioner that
/// is shown, or whose worker types are.
struct list_queues {
  std::uint16_t lane = 0;
  queue_view as = queue_view::task_queue;
  std::optional<std::string> only;
  std::uint32_t limit = 1000;
  std::optional<std::string> after;  ///< the last key of the page before
  bool single = false;               ///< getProvisioner: one object, or 404
  reply_handle reply;
};

/// From one register to another: what of yours belongs to this page?
struct find_queues {
  std::uint16_t lane = 0;  ///< who is asked
  std::uint16_t from = 0;  ///< who asks
  std::uint32_t number = 0;
  queue_view as = queue_view::task_queue;
  std::optional<std::string> only;
  std::uint32_t limit = 1000;
  std::optional<std::string> after;
};

/// A task queue or a provisioner, as it is listed.
struct queue_row {
  std::string key;  ///< taskQueueId or provisionerId
  timestamp expires;
  timestamp last_active;
  std::string description;
  std::string stability;

  friend bool operator==(const queue_row&, const queue_row&) = default;
};

/// The answer to it, in order of keys.
struct queues_found {
  std::uint16_t lane = 0;  ///< who asked
  std::uint32_t number = 0;
  std::vector<queue_row> rows;
};

/// Answer a page of the queue's workers (listWorkers).
struct list_workers {
  task_queue_id queue;
  std::uint32_t limit = 1000;
  std::optional<worker_name> after;  ///< the last one of the page before
  std::optional<bool> quarantined;   ///< only those that are, or are not
  reply_handle reply;
};

/// To the records of workers of a lane: how are these listed?
struct describe_workers {
  std::uint16_t lane = 0;
  task_queue_id queue;
  std::uint32_t number = 0;  ///< the register's own for the listing
  std::optional<bool> quarantined;
  std::vector<std::pair<std::uint32_t, worker_name>> workers;  ///< each with its place in the page
};

/// The same to one worker.
struct describe_worker {
  task_queue_id queue;
  worker_name worker;
  std::uint32_t number = 0;
  std::uint32_t place = 0;
  std::optional<bool> quarantined;
};

/// The answer to the register: JSON objects, empty for a worker that is not to be listed.
struct workers_described {
  task_queue_id queue;
  std::uint32_t number = 0;
  bool failed = false;
  std::vector<std::pair<std::uint32_t, std::string>> texts;
};

/// To the register of a lane: answer how busy its queues are, as a JSON array of rows
/// `[taskQueueId, pending, claimed, waitingClaims, workers, quarantinedWorkers]`. A queue has a row
/// when there is anything of it: a record, a worker, a task or a claim that waits.
struct measure_queues {
  std::uint16_t lane = 0;
  reply_handle reply;
};

/// How many workers of a queue are known, and how many of these get no work.
struct counted_workers {
  task_queue_id queue;
  std::uint32_t all = 0;
  std::uint32_t quarantined = 0;
};

/// The register hands the question on to the queues of its lane, with what it knows itself.
struct measure_runs {
  std::uint16_t lane = 0;
  std::vector<counted_workers> workers;
  reply_handle reply;
};

/// To one queue: how many are there?
struct count_runs {
  task_queue_id queue;
  std::uint32_t number = 0;  ///< of the question
};

/// Its answer, to the directory.
struct runs_counted {
  task_queue_id queue;
  std::uint32_t number = 0;
  std::uint64_t pending = 0;
  std::uint64_t claimed = 0;
  std::uint64_t waiting = 0;  ///< claimWork calls that wait
};

/// A new register: read what Redis holds.
struct open_register {};

/// A time the register asked for has come.
struct register_timer_fired {
  std::uint16_t lane = 0;
};

}  // namespace troupe
