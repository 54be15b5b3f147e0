#pragma once

#include "actors/company/stage.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace caf {
class actor_system;
}

namespace troupe {

/// The actors of one lane, their way back from Redis after a restart, and the successors of those
/// that fail.
class lane_company {
 public:
  lane_company(caf::actor_system& system, lane& on, switchboard& board, const company_parts& parts);
  ~lane_company();

  /// Spawns the shards and directories of the lane, on lane 0 the services too, and enters them
  /// into the switchboard. On the lane's thread or before it runs.
  void spawn();

  /// Reads what the lane's shards hold: first all ids and events' ends, and opens the directories;
  /// then, once every lane has got so far (`known` was called), the live tasks.
  void recover_ids(std::function<void(std::string error)> known);

  /// Reads the live tasks and lets them announce themselves; `ready` gets their number.
  void recover_tasks(std::function<void(std::size_t tasks)> ready);

  /// Once every lane is ready, on the lane's thread: all that was announced is known here, so
  /// groups may judge whether they are resolved. Then the doors may open.
  void open();

  /// Lets the owner of clients and roles publish its first snapshot; on lane 0 only.
  void open_auth();

  /// Lets the worker pools of the lane begin.
  void open_pools();

  /// Lets records that wait to be written be written; before the store ends.
  void write_workers();

  /// Lets the queues go, which answers the claims that wait.
  void dismiss_queues();

  /// Lets the actors go; `spawn` puts others into their places.
  void dismiss();

  /// Without actors: deletes everything that belongs to the lane in Redis but the leases, and the
  /// numbers that events have reached. Calls back when it is gone.
  void erase(std::function<void()> done);

  /// How long claims last that are made from now on, on the lane's thread.
  void set_claim_timeout(std::chrono::milliseconds timeout);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
