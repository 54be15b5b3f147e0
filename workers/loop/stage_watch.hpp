#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace troupe {

/// Watches that a run does not stay in one stage for ever (workers contract 5.2: a hook that takes
/// too long is a livelock). A thread of its own sleeps until the time of the stage is up; nothing
/// is asked in between.
class stage_watch {
 public:
  using teller = std::function<void(const std::string& stage)>;

  /// `late` is told once, of the first stage that takes longer than `longest`; `hopeless` when that
  /// stage has not been left so much later either. Both on the thread of the watch, and neither
  /// after the destructor has returned.
  stage_watch(std::chrono::milliseconds longest, std::chrono::milliseconds patience, teller late,
              teller hopeless);
  ~stage_watch();
  stage_watch(const stage_watch&) = delete;
  stage_watch& operator=(const stage_watch&) = delete;

  /// A stage begins, and the one before it is over.
  void enter(std::string stage);

  /// The stage is over, and what comes now may take as long as it needs.
  void leave();

  /// The stage that took too long, if one did.
  std::optional<std::string> late() const;

 private:
  using clock = std::chrono::steady_clock;

  void watch();
  void begin(std::optional<std::string> stage);

  const std::chrono::milliseconds longest_;
  const std::chrono::milliseconds patience_;
  const teller on_late_;
  const teller on_hopeless_;
  mutable std::mutex guard_;
  std::condition_variable changed_;
  std::optional<std::string> stage_;  // guarded
  clock::time_point due_;             // guarded: of the stage
  std::optional<std::string> late_;   // guarded
  bool ending_ = false;               // guarded
  std::thread thread_;
};

}  // namespace troupe
