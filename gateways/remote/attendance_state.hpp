#pragma once

#include "messages/ids.hpp"
#include "messages/remote_commands.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace troupe {

/// Numbers the sessions of a server; 0 is none.
using session_number = std::uint64_t;

/// A worker of a queue, which is another one than its namesake of another queue.
using attending_worker = std::pair<task_queue_id, worker_name>;

/// What is known of a run that a worker has.
struct attended_run {
  bool reporting = false;  ///< the worker says just now how it ended
  std::string ended;       ///< somebody else resolved it, and the worker is not told yet: how
};

/// A worker that is connected, or is expected to come back.
struct attendance {
  std::string instance;
  session_number session = 0;  ///< 0: away
  timestamp expected_until;    ///< when it is away
  unsigned claims = 0;         ///< calls under way that may hand it runs
  std::map<held_run, attended_run> runs;
  /// Resolved while a claim is under way, which may be what hands them out.
  std::map<held_run, std::string> ended_early;
};

/// The workers that are connected to one lane over the CAF port. Only what is gone when the server
/// is: queues and tasks hold the truth.
struct attendance_state {
  std::map<attending_worker, attendance> workers;
  std::unordered_map<session_number, attending_worker> by_session;
  std::set<std::pair<timestamp, attending_worker>> away;  ///< by the time they are expected until
};

}  // namespace troupe
