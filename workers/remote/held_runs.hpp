#pragma once

#include "messages/remote_commands.hpp"
#include "workers/loop/queue_port.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace troupe {

/// The runs that a worker has, by what went over its port: what it tells a server that it comes
/// back to, and who hears that a run is no longer wanted. All members may be called from any
/// thread.
class held_runs {
 public:
  using stop_function = std::function<void(stop_reason)>;

  /// A claim was answered with these. An end that was told before is kept for `watch`.
  void add(const std::vector<held_run>& handed);

  /// The server will hear no more of it, or wants to hear no more.
  void remove(const held_run& run);

  /// Tells `stopped` when the run is ended; at once when it is already.
  void watch(const held_run& run, stop_function stopped);

  /// When it returns nothing is told of the run any more, nor is being told.
  void unwatch(const held_run& run);

  /// The server no longer wants the run. One that is not known may come with a claim under way.
  void end(const held_run& run, const std::string& how);

  /// No claim is under way: ends of runs that did not come need not be kept.
  void forget_strangers();

  std::vector<held_run> all() const;

 private:
  struct known {
    bool came = false;  // a claim handed it out, or somebody watches it
    bool held = false;
    std::string ended;
    stop_function stopped;
  };

  void drop_if_done(std::map<held_run, known>::iterator at);

  mutable std::mutex guard_;
  std::map<held_run, known> runs_;
};

}  // namespace troupe
