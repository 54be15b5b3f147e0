#pragma once

#include "messages/timestamp.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace troupe {

/// What can come between a run and its end: the worker is to end, or the server no longer wants the
/// run. Told from any thread; each is for good, and the first reason counts.
class run_interrupt {
 public:
  run_interrupt();
  ~run_interrupt();
  run_interrupt(const run_interrupt&) = delete;
  run_interrupt& operator=(const run_interrupt&) = delete;

  /// The worker is to end; the run is given back.
  void stop();

  /// The run is no longer ours; `why` completes "The claim of this run was lost: ".
  void lose(std::string why);

  /// Since when the worker is to end.
  std::optional<timestamp> stopped() const;

  /// Why the run is no longer ours.
  std::optional<std::string> lost() const;

  /// Becomes readable when either has been told.
  int descriptor() const { return descriptor_; }

  /// True when either has been told.
  const std::atomic<bool>& told() const { return told_; }

  /// Calls `wake` when either is told, at once if it has been; replaces the one before, which is
  /// not called any more when this returns.
  void on_told(std::function<void()> wake);

  /// Waits so long, or until `stop` is told while it waits.
  void pause(std::chrono::milliseconds time) const;

 private:
  void tell();

  int descriptor_;
  std::atomic<bool> told_{false};
  mutable std::mutex guard_;
  std::function<void()> wake_;  // guarded
  mutable std::condition_variable changed_;
  std::optional<timestamp> stopped_;  // guarded
  std::optional<std::string> lost_;   // guarded
};

}  // namespace troupe
