#pragma once

#include "gateways/events/event_access.hpp"
#include "gateways/rest/takeover.hpp"

#include <memory>

namespace troupe {

class event_hub;
class event_publisher;
class lane_store;

/// An open connection of the event feed, as the gateway ends it.
class event_connection {
 public:
  virtual ~event_connection() = default;
  /// The server ends.
  virtual void end() = 0;
};

/// Where connections of a lane are kept as long as they are open.
class event_connections {
 public:
  virtual ~event_connections() = default;
  virtual void add(const std::shared_ptr<event_connection>& made) = 0;
  virtual void remove(const event_connection& gone) = 0;
};

/// What a connection needs of its lane.
struct event_place {
  event_hub* hub = nullptr;
  lane_store* store = nullptr;
  event_connections* connections = nullptr;
  event_publisher* publisher = nullptr;
  bool lets_all_in = false;  ///< dev mode: everybody may read and publish
};

/// Serves the feed over a WebSocket, as dev-mode contract section 2 says: `subscribe`, `publish`,
/// `ping` and `authorization` come in, and are answered between the events, which go out as texts.
/// What is said wrongly is answered by `error`; who may neither read nor publish is closed with
/// 4401 or 4403.
void serve_event_socket(upgraded_connection&& connection, const event_place& at,
                        const signature_check& check);

}  // namespace troupe
