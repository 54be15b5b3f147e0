#pragma once

#include <memory>
#include <vector>

namespace troupe {

class lane;
class lane_store;
class rest_gateway;

/// The door of the event feed: `GET /api/events/v1/connect`, as a WebSocket (dev-mode contract,
/// section 2) and as server-sent events (events contract, section 4). Who reads resumes after any
/// event that the log still has; who is too slow is told what it missed and holds up nobody.
class event_gateway {
 public:
  /// `lanes` by index; made before they run. In dev mode everybody is let in.
  event_gateway(std::vector<lane*> lanes, bool lets_all_in);
  ~event_gateway();

  /// The store of the next lane, in their order; before the lanes run.
  void listen_to(lane_store& store);

  /// The routes; before the lanes serve them.
  void add_routes(rest_gateway& rest);

  /// Ends all connections, and takes no more.
  void drain();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
