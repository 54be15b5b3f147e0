#pragma once

#include "messages/ids.hpp"
#include "messages/timestamp.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace troupe {

/// What a worker pool is meant to be.
struct pool_settings {
  task_queue_id id;
  std::string provider;  ///< providerId
  std::string worker_group;
  std::string worker_id = "worker";       ///< of the first; others are `<worker_id>-<n>` from 2 on
  std::uint32_t min_workers = 0;          ///< kept whatever the demand
  std::uint32_t max_workers = 1;          ///< never more
  std::uint32_t capacity_per_worker = 1;  ///< tasks that one runs at once
  /// A worker that was not needed for so long is stopped.
  std::chrono::milliseconds idle_time{60'000};
  /// A worker that was not seen so long after its start is not coming.
  std::chrono::milliseconds start_timeout{60'000};
  /// Pauses between starts when workers do not come, or do not stay: none before the second start,
  /// then twice as long each time.
  std::chrono::milliseconds first_pause{1'000};
  std::chrono::milliseconds longest_pause{60'000};
};

/// Where a worker of the pool is.
enum class worker_phase : std::uint8_t {
  requested,  ///< asked for, not seen yet
  running,    ///< asks the queue for work
  stopping,   ///< told to end
  clearing,   ///< ended; the queue gives back what it ran
};

/// A worker of the pool.
struct pool_worker {
  worker_phase phase = worker_phase::requested;
  timestamp since;  ///< of the phase
};

/// Everything a pool knows.
struct worker_type_state {
  pool_settings settings;

  // What the queue told last.
  std::uint32_t pending = 0;
  std::uint32_t claimed = 0;

  std::map<std::string, pool_worker> workers;  ///< by workerId
  bool known = false;                          ///< the provisioner has said which workers there are

  // Workers that ended unasked, or never came: how many in a row, and when the next may start.
  std::uint32_t failures = 0;
  timestamp pause_until;
  std::string last_failure;  ///< for people: how the last of them ended, or that it did not come

  // How many workers were needed at most since `needed_since`: who was not needed for the idle time
  // is let go.
  timestamp needed_since;  ///< 0: none is too many
  std::uint32_t most_needed = 0;
};

}  // namespace troupe
