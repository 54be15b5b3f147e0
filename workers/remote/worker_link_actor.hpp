#pragma once

#include "messages/interfaces.hpp"
#include "runtime/lane/caf_compat.hpp"

#include <functional>
#include <map>
#include <string>

namespace troupe {

/// What the link tells the rest of the worker, on a thread of its own.
struct link_events {
  std::function<void(const abort_run&)> aborted;  ///< the server no longer wants a run
  std::function<void()> down;                     ///< the server is gone; told once
};

/// The worker's end of a connection: passes calls on, and answers them itself when the server is
/// gone. Lives as long as the connection.
class worker_link_shell : public act::watching<worker_link_shell_actor::base> {
 public:
  worker_link_shell(caf::actor_config& config, remote_door_actor door, link_events events);

  const char* name() const override { return "troupe.worker_link"; }
  behavior_type make_behavior() override;
  void on_exit() override;

 private:
  using then_function = std::function<void(remote_answer)>;

  std::uint32_t keep(then_function then);
  void finish(std::uint32_t number, remote_answer answer);
  void greet(greet_server& command);
  void enter(enter_server& command);
  void call(place_call& command);
  void leave(say_farewell& command);
  void asked();
  void count_silence();
  void go_down(const char* why);

  remote_door_actor door_;
  worker_session_actor session_;
  link_events events_;
  std::map<std::uint32_t, then_function> waiting_;
  std::uint32_t next_ = 1;
  bool minded_ = false;    // the server asks regularly
  bool counting_ = false;  // how many pauses it has been silent
  unsigned silent_ = 0;
};

}  // namespace troupe
