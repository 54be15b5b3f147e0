#pragma once

#include <atomic>
#include <chrono>

namespace troupe {

/// Lets one thread end what another one waits for.
class stop_signal {
 public:
  stop_signal();
  ~stop_signal();
  stop_signal(const stop_signal&) = delete;
  stop_signal& operator=(const stop_signal&) = delete;

  /// For good; from any thread.
  void set();

  bool is_set() const { return set_; }

  /// Waits so long, or until it is set; whether it is.
  bool wait_for(std::chrono::milliseconds time) const;

  /// Becomes readable when it is set, for who waits for other things, too.
  int descriptor() const { return descriptor_; }

 private:
  std::atomic<bool> set_{false};
  int descriptor_;
};

}  // namespace troupe
