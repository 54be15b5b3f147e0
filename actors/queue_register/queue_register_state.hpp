#pragma once

#include "messages/ids.hpp"
#include "messages/timestamp.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// What is known of a task queue besides its tasks (queue contract 3.6).
struct queue_record {
  timestamp expires;  ///< 0: the queue was never seen, or was forgotten
  timestamp last_active;
  std::string description;
  std::string stability = "experimental";

  friend bool operator==(const queue_record&, const queue_record&) = default;
};

/// A worker of a queue, as far as listings need it; the rest its own record knows.
struct registered_worker {
  /// The later of its expiry and the end of its quarantine. It may be later than was told last.
  timestamp due;
  timestamp quarantine_until;
  timestamp check_at;  ///< when it is asked how long it stays; 0: it was asked and has not answered
};

/// A task queue: one that was seen, or has a worker that is still known.
struct registered_queue {
  queue_record record;
  timestamp check_at;      ///< when to see whether the record is to be deleted; 0: there is none
  bool unwritten = false;  ///< the record is newer than what is stored
  std::map<worker_name, registered_worker> workers;
};

/// A provisioner is nothing but its queues (queue contract 3.6).
struct provisioner_record {
  timestamp expires;
  timestamp last_active;
};

/// Something to look after at a time: a queue's record, or a worker. The names are those of the
/// maps, which stay where they are.
struct register_due {
  timestamp at;
  const std::string* queue = nullptr;
  const worker_name* worker = nullptr;  ///< null: the record

  friend bool operator<(const register_due& a, const register_due& b) {
    if (a.at != b.at)
      return a.at < b.at;
    const std::less<> before;
    return a.queue != b.queue ? before(a.queue, b.queue) : before(a.worker, b.worker);
  }
};

/// The task queues of a lane and their workers, in order of their names.
struct queue_register_state {
  queue_register_state() = default;
  queue_register_state(const queue_register_state&) = delete;
  queue_register_state& operator=(const queue_register_state&) = delete;

  std::map<std::string, registered_queue, std::less<>> queues;
  std::map<std::string, provisioner_record, std::less<>> provisioners;
  std::set<register_due> dues;
  std::vector<std::string> unwritten;
};

}  // namespace troupe
