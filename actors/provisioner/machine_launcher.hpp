#pragma once

#include "messages/pool_commands.hpp"

#include <functional>
#include <vector>

namespace troupe {

/// A machine that is there: a worker of a pool.
struct machine {
  task_queue_id pool;
  worker_name worker;
};

/// How the machines of one provider are started and stopped; given to the provisioner by whoever
/// composes the server. Nothing of this blocks: what takes time happens on threads of its own. A
/// machine is there from `start` until its end is told.
class machine_launcher {
 public:
  virtual ~machine_launcher() = default;

  /// Who is told of every machine that ended or could not be started; from any thread.
  virtual void on_end(std::function<void(machine_ended)> listener) = 0;

  /// Starts a machine; when that fails its end is told.
  virtual void start(const start_worker& order) = 0;

  /// Lets a machine give back what it runs and end, and ends it by force when it takes too long.
  virtual void stop(const machine& which) = 0;

  /// The machines that are there.
  virtual std::vector<machine> machines() const = 0;
};

}  // namespace troupe
