#pragma once

#include "messages/index_commands.hpp"
#include "runtime/events/event.hpp"
#include "runtime/events/event_stream.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

#include <array>
#include <bitset>
#include <optional>

namespace troupe {

/// What an event means to the index: a task with good routes was completed. Nothing otherwise.
std::optional<index_completed> completion_of(const event& what);

/// Tells the index what a lane commits: completed tasks with routes at once, and now and then how
/// far the log has got. It comes before the answer to whoever completed the task. One a lane.
class index_listener final : public event_listener, public timer_target {
 public:
  index_listener(lane& on, switchboard& board) : lane_(on), board_(board) {}

  void on_event(const event& what) override;
  void on_timer() override;

  /// Nothing is told any more, until it is started again.
  void stop();
  void start();

 private:
  template <class Command>
  void tell(Command command);

  lane& lane_;
  switchboard& board_;
  std::array<log_place, stream_count> newest_{};
  std::bitset<stream_count> changed_;
  timer_id timer_ = 0;
  bool stopped_ = true;
};

}  // namespace troupe
