#pragma once

#include "gateways/remote/attendance_rules.hpp"
#include "gateways/rest/api_door.hpp"
#include "messages/interfaces.hpp"
#include "runtime/lane/timer_wheel.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

namespace troupe {

class lane;
class switchboard;
struct settings;

/// What the desks of a node share.
struct remote_desk_parts {
  switchboard* board = nullptr;
  const settings* config = nullptr;
  api_door* api = nullptr;                    ///< set before the first worker comes
  std::atomic<std::size_t>* known = nullptr;  ///< workers that are connected or expected
};

/// The lane's side of the workers whose queues are on it: their calls go through the API like those
/// of HTTP, and what concerns them is told to their sessions. Used on its lane only.
class remote_desk final : public timer_target {
 public:
  remote_desk(lane& on, const remote_desk_parts& parts) : on_(on), parts_(parts) {}
  ~remote_desk() override;

  /// A worker wants in; `then` hears 200, or the answer that its hello gets.
  /// `from` is its address, for the log.
  void hello(session_number session, worker_hello hello, const std::string& from,
             worker_session_shell_actor to, const std::function<void(remote_answer)>& then);

  /// A call of a worker, which its session knows by this number.
  void call(session_number session, std::uint32_t number, const remote_call& what);

  /// A claim that waits is to be answered now.
  void end_wait(session_number session);

  /// The worker ends.
  void leave(session_number session);

  /// The connection is gone.
  void link_lost(session_number session);

  /// A run of this worker was resolved.
  void run_ended(const attending_worker& worker, const held_run& run, const std::string& how);

  /// The server ends: waiting claims are answered, and each session ends when it has no call left.
  void drain();

  /// Drops all that is left.
  void close();

  void on_timer() override;

 private:
  class look_up;

  struct session {
    worker_session_shell_actor to;
    std::string host;
    std::string address;
    bool hurried = false;  // its claims are not to wait
    bool minded = false;   // it was told that its worker has runs
    std::unordered_map<std::uint32_t, std::shared_ptr<api_door::ticket>> calls;
    std::unordered_map<std::uint32_t, std::unique_ptr<answer_sink>> look_ups;
  };

  // A call that is under way. Claims are kept whole, because they are made again.
  struct placed_call {
    remote_call what;
    timestamp since;   // when the worker made it
    timestamp placed;  // when it was made, or made again
    std::string last;  // what it was answered before that
  };

  api_request request_of(const session& from, const remote_call& what) const;
  void place(session_number session, std::uint32_t number, const remote_call& what,
             placed_call kept);
  void answer(session_number session, std::uint32_t number, placed_call& placed,
              api_response&& response);
  bool waits_on(const session& from, const placed_call& placed, const api_response& response) const;
  void refuse(const session& from, std::uint32_t number, const remote_call& what, api_error why);
  void carry_out(session_number session, const attendance_decision& decision);
  void doubt(const attending_worker& worker);
  void ask_task(session_number session, const held_run& run);
  void looked_up(session_number session, std::uint32_t number, const held_run& run,
                 const troupe::answer& status);
  void mind(session_number session);
  void end_session_when_idle(session_number session);
  void forget(session_number session, const char* why);
  void arm_timer();
  void count();

  lane& on_;
  const remote_desk_parts& parts_;
  attendance_state state_;
  std::unordered_map<session_number, session> sessions_;
  std::size_t counted_ = 0;
  std::uint32_t next_look_up_ = 1;
  timer_id timer_ = 0;
  bool draining_ = false;
};

}  // namespace troupe
