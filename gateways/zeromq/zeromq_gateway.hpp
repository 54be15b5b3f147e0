#pragma once

#include "messages/api_error.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/events/event.hpp"
#include "runtime/store/redis_link.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace troupe {

/// How the bus is offered over ZeroMQ.
struct zeromq_options {
  /// An IP address or name to listen on. Anything but loopback demands `curve_directory`.
  std::string host = "127.0.0.1";
  std::uint16_t pub_port = 5701;     ///< 0: any free one
  std::uint16_t router_port = 5702;  ///< 0: any free one
  redis_endpoint redis;              ///< where the event log is
  /// Messages kept for a subscriber that reads too slowly before it loses some, which it then finds
  /// in the replay. Memory is taken only when they are there, about 1 KB each.
  int high_water_mark = 200'000;
  /// How often subscribers to heartbeats hear how far the log has come.
  std::chrono::milliseconds heartbeat{5000};
  /// Keys for CURVE encryption, see `load_curve_access`; empty: not encrypted.
  std::string curve_directory = {};
  const clock* time = nullptr;  ///< null: the machine's clock
};

/// The event bus over ZeroMQ (events contract, section 2).
///
/// XPUB: `[<exchange>|<key>., meta, payload]`, one message for the primary key and one for each
/// further key, all with the same id. Messages that nobody subscribed to are not made. To
/// `heartbeat|` goes `[heartbeat|, {"time", "newest"}, ""]` with the newest id of each stream, so
/// that a subscriber without a filter sees what it missed. ROUTER: replays, see `replay_desk`.
class zeromq_gateway final : public event_listener {
 public:
  explicit zeromq_gateway(zeromq_options options);
  ~zeromq_gateway() override;

  /// Binds the sockets; the error says what to do.
  outcome<void> start();

  /// Closes them. Events that come later go nowhere.
  void stop();

  /// The ports in use, once started.
  std::uint16_t pub_port() const;
  std::uint16_t router_port() const;

  /// Hands an event to the subscribers' queues before it returns; from any lane's thread. Never
  /// waits for a subscriber. While nobody subscribes it costs a few nanoseconds.
  void on_event(const event& what) override;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
