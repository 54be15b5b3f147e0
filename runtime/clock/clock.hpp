#pragma once

#include "messages/timestamp.hpp"

#include <cstdint>

namespace troupe {

/// Where time comes from. Injected, so that a run can be repeated under a clock that a test moves.
class clock {
 public:
  virtual ~clock() = default;

  /// The wall clock in microseconds since the epoch, UTC.
  virtual std::int64_t now_us() const = 0;

  /// The wall clock, as the wire shows it.
  timestamp now() const { return {now_us() / 1000}; }
};

/// The clock of the machine.
class system_clock final : public clock {
 public:
  std::int64_t now_us() const override;
};

/// A clock that stands still until it is moved.
class manual_clock final : public clock {
 public:
  explicit manual_clock(timestamp start) : us_(start.ms * 1000) {}
  std::int64_t now_us() const override { return us_; }
  void advance(std::chrono::microseconds by) { us_ += by.count(); }
  void set(timestamp t) { us_ = t.ms * 1000; }

 private:
  std::int64_t us_;
};

}  // namespace troupe
