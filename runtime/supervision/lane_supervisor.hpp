#pragma once

#include "runtime/lane/timer_wheel.hpp"
#include "runtime/supervision/restart_policy.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>

namespace troupe {

class lane;

/// What an exception says of itself.
std::string describe_exception(const std::exception_ptr& failure);

/// Looks after the actors of one lane. An actor whose handler throws reports here; what is reported
/// is logged and counted, and comes back after a pause that grows while it goes on failing. Used on
/// the lane's thread only.
class lane_supervisor {
 public:
  explicit lane_supervisor(lane& on, restart_limits limits = {});
  ~lane_supervisor();

  /// An actor that the lane cannot do without failed. `restart` puts a successor into its place; it
  /// runs after the pause, and never when the actor has failed too often: then the server ends.
  void service_failed(const std::string& name, const std::string& why,
                      std::function<void()> restart);

  /// One of many actors of a kind failed. Answers how long to wait before it is brought back of
  /// itself; a message for it may bring it back before.
  std::chrono::milliseconds one_failed(std::string_view kind, std::string_view id,
                                       const std::string& why);

  /// Runs the job on the lane after the pause, and never within the caller.
  void after(std::chrono::milliseconds pause, std::function<void()> job);

  /// Told in one line when something failed too often.
  void on_give_up(std::function<void(std::string)> handler) { give_up_ = std::move(handler); }

  /// How often something failed since the start.
  std::uint64_t failures() const { return failures_; }

 private:
  struct alarm final : timer_target {
    void on_timer() override;
    lane_supervisor* owner = nullptr;
    std::list<alarm>::iterator self;
    std::function<void()> job;
    timer_id timer = 0;
  };

  void forget_quiet_rows(timestamp now);

  lane& lane_;
  const restart_limits limits_;
  std::map<std::string, failure_row, std::less<>> services_;
  std::map<std::string, failure_row, std::less<>> others_;
  std::list<alarm> alarms_;
  std::function<void(std::string)> give_up_;
  std::uint64_t failures_ = 0;
};

}  // namespace troupe
