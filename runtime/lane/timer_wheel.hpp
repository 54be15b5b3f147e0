#pragma once

#include "messages/timestamp.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace troupe {

/// Told when a time it asked for has come. Lives on the lane of the wheel.
class timer_target {
 public:
  virtual ~timer_target() = default;
  virtual void on_timer() = 0;
};

/// Names a waiting timer; 0 is none.
using timer_id = std::uint32_t;

/// A hierarchical timer wheel: four levels of 256 slots, ticks of 10 ms, so a timer costs 32 bytes
/// and constant time to add and to cancel, whatever their number. Not thread-safe: one per lane.
/// Timers fire up to one tick late, never early.
class timer_wheel {
 public:
  static constexpr std::int64_t tick_ms = 10;

  explicit timer_wheel(timestamp start);

  /// Fires `target` at `when`; a time in the past fires at the next advance.
  timer_id add(timestamp when, timer_target& target);

  /// Forgets a timer that has not fired; 0 is ignored.
  void cancel(timer_id id);

  /// Fires everything that is due at `now`.
  void advance(timestamp now);

  /// The earliest time at which `advance` has something to do; nothing when no timer waits. For
  /// timers far away this is the time to sort them again, which may be earlier than they fire.
  std::optional<timestamp> next_due() const;

  std::size_t size() const { return count_; }

 private:
  static constexpr unsigned levels = 4;
  static constexpr unsigned slots = 256;

  struct node {
    timer_target* target = nullptr;
    std::uint64_t tick = 0;
    std::uint32_t next = 0;
    std::uint32_t previous = 0;
    std::uint16_t slot = 0;
  };

  void link(std::uint32_t index);
  void unlink(std::uint32_t index);
  void step();
  std::optional<std::uint64_t> next_tick() const;

  std::vector<node> nodes_;
  std::uint32_t free_ = 0;  // index 0 is the "none" of all links
  std::array<std::uint32_t, levels * slots> heads_{};
  std::array<std::array<std::uint64_t, slots / 64>, levels> occupied_{};
  std::uint64_t current_ = 0;
  std::size_t count_ = 0;
};

}  // namespace troupe
