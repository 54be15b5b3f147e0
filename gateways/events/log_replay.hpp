#pragma once

#include "gateways/events/kept_event.hpp"
#include "runtime/store/redis_link.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <memory>

namespace troupe {

class lane_store;

/// Reads the event log from a place on and tells its events in the order of their times, which
/// within a stream is that of their numbers. Used on the lane of the store; whoever drops it hears
/// nothing more.
class log_replay : public std::enable_shared_from_this<log_replay> {
 public:
  /// Who wants to hear.
  class listener {
   public:
    virtual ~listener() = default;
    /// Before anything else: events after the place may be kept no longer.
    virtual void on_cut() = 0;
    /// The next event; false asks for a pause, until `go_on`.
    virtual bool on_replayed(const event& what) = 0;
    /// The end of the log as it was when its parts were read.
    virtual void on_replay_end() = 0;
  };

  log_replay(lane_store& store, listener& to, const event_id& after);

  /// Begins; for one that has come to the end, reads again what came meanwhile.
  void start();

  /// Ends a pause.
  void go_on();

  /// The newest event told of a stream; `n` is 0 when there was none.
  const event_id& newest(std::uint16_t stream) const { return streams_[stream].told; }

  /// The event that it begins behind.
  const event_id& after() const { return after_; }

  /// Nobody wants to hear any more.
  void let_go() { to_ = nullptr; }

 private:
  struct stream_part {
    std::deque<kept_event> next;  // in their order
    bool at_end = false;
    event_id read;  // the last entry, behind which to go on
    event_id told;  // the last event
  };

  void check_cut();
  void fill();
  void take(std::uint16_t stream, const redis_reply& page);
  void tell();

  lane_store& store_;
  listener* to_;
  event_id after_;
  std::array<stream_part, stream_count> streams_{};
  bool reading_ = false;
  bool paused_ = false;
};

}  // namespace troupe
