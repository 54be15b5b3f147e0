#pragma once

#include "app/certificate_authority.hpp"
#include "app/node.hpp"
#include "runtime/mirrors/copy_counts.hpp"

#include <memory>
#include <string>
#include <vector>

namespace caf {
class actor_system;
}

namespace troupe {

class artifact_uploader;
class lane;
class lane_store;
class rest_gateway;
class switchboard;

/// All doors of a node besides REST: events over ZeroMQ, WebSocket and SSE, live logs, pages,
/// remote workers, metrics.
class other_doors {
 public:
  struct parts {
    std::vector<lane*> lanes;
    switchboard* board = nullptr;
    const settings* config = nullptr;
    std::string data_dir;
    caf::actor_system* system = nullptr;
    artifact_uploader* uploader = nullptr;
    const copy_counts* copies = nullptr;  ///< null: there are no sites with copies
  };

  explicit other_doors(parts given);
  ~other_doors();

  /// Before the lanes run: the events of this store are published.
  void listen_to(lane_store& store);

  /// Lets the live logs of a lane go, and makes others; on its thread.
  void dismiss_logs(lane& on);
  void spawn_logs(lane& on);

  /// Before REST listens: routes of logs and pages.
  void add_routes(rest_gateway& rest);

  /// Opens ports; fills in which.
  outcome<void> open(rest_gateway& rest, node_doors& doors);

  /// Lets those who wait for something know that nothing comes, and their sessions end.
  void drain();

  /// Closes them; nothing is told any more.
  void close();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
