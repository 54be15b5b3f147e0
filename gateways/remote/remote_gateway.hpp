#pragma once

#include "messages/api_error.hpp"
#include "runtime/events/event.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace caf {
class actor_system;
}

namespace troupe {

class api_door;
class lane;
class switchboard;
struct settings;

/// What the gateway is made of; everything outlives it.
struct remote_gateway_parts {
  caf::actor_system* system = nullptr;  ///< its configuration has the certificates of the port
  std::vector<lane*> lanes;             ///< by index
  switchboard* board = nullptr;
  const settings* config = nullptr;
  std::string version;  ///< of this program
};

/// The CAF port, by which workers of a trust zone claim and report. Made before the lanes run, and
/// ended while they do.
class remote_gateway final : public event_listener {
 public:
  explicit remote_gateway(remote_gateway_parts parts);
  ~remote_gateway() override;

  /// Tells workers when what they run is resolved by somebody else.
  void on_event(const event& what) override;

  /// Opens the port; the one it is, when 0 was asked for. Calls of workers go by way of `api`. The
  /// system must have been made with certificates: without, nobody may listen.
  outcome<std::uint16_t> open(api_door& api, const std::string& root_url);

  /// Lets nobody in any more, answers waiting claims, and ends each session after its last call.
  void drain();

  /// Ends everything, and waits for it.
  void close();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
