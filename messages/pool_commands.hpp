#pragma once

#include "messages/ids.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

// What worker pools, their queues and their provisioners tell each other. A pool bears the id of
// its queue; the first member of a command is the pool, or the provider, it is for.

// -- from the queue to the pool -------------------------------------------------------------------

/// How much work the queue has.
struct demand_changed {
  task_queue_id queue;
  std::uint32_t pending = 0;
  std::uint32_t claimed = 0;
};

/// These workers are idle and get nothing any more: they can be stopped.
struct workers_retired {
  task_queue_id queue;
  std::vector<worker_name> workers;
};

/// The queue has given back what the worker ran, and its name may be used again.
struct worker_removed {
  task_queue_id queue;
  worker_name worker;
};

// -- from the pool to the queue -------------------------------------------------------------------

/// Choose at most so many idle ones of these workers and give them nothing any more; answered by
/// `workers_retired`.
struct retire_workers {
  task_queue_id queue;
  std::uint32_t most = 0;
  std::vector<worker_name> among;
};

/// The worker is gone: give back what it runs; answered by `worker_removed`.
struct remove_worker {
  task_queue_id queue;
  worker_name worker;
  std::string reason;  ///< for people
};

// -- from the pool to its provisioner -------------------------------------------------------------

/// Start a worker of the pool.
struct start_worker {
  std::string provider;
  task_queue_id pool;
  worker_name worker;
  std::uint32_t capacity = 1;  ///< tasks at once
};

/// Let the worker end: it gives its runs back, and is killed if that takes too long.
struct stop_worker {
  std::string provider;
  task_queue_id pool;
  worker_name worker;
};

/// Say which workers of the pool there are; answered by `workers_reported`.
struct report_workers {
  std::string provider;
  task_queue_id pool;
};

// -- from the provisioner to the pool -------------------------------------------------------------

/// The worker ended, or could not be started at all.
struct worker_exited {
  task_queue_id pool;
  worker_name worker;
  bool clean = false;  ///< it ended in order
  std::string how;     ///< for people: `exit code 1`, `signal 9`, or why it could not be started
};

/// These workers of the pool are there.
struct workers_reported {
  task_queue_id pool;
  std::vector<worker_name> workers;
};

// -- to the provisioner, from the machinery it drives ---------------------------------------------

/// What became of a machine.
struct machine_ended {
  std::string provider;
  task_queue_id pool;
  worker_name worker;
  bool clean = false;
  std::string how;
};

// -- to the pool itself ---------------------------------------------------------------------------

/// To all pools of a lane: watch your queue; it is new, or you are.
struct watch_queues {};

/// A time the pool asked for has come.
struct pool_timer_fired {
  task_queue_id pool;
};

}  // namespace troupe
