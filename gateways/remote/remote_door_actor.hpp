#pragma once

#include "gateways/remote/worker_session_actor.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe {

/// What the door needs to know of its server.
struct remote_door_parts {
  std::string version;
  std::string root_url;
  /// Where the workers of a queue are looked after.
  std::function<session_home(std::string_view queue)> home_of;
  std::function<void()> one_more;  ///< a door or a session begins
  std::function<void()> one_less;  ///< and ends
};

/// What is published on the CAF port.
class remote_door_shell : public remote_door_shell_actor::base {
 public:
  remote_door_shell(caf::actor_config& config, remote_door_parts parts);

  const char* name() const override { return "troupe.remote_door"; }
  behavior_type make_behavior() override;
  void on_exit() override;

 private:
  using let_in = caf::result<remote_answer, worker_session_actor>;
  using promise = caf::typed_response_promise<remote_answer, worker_session_actor>;

  struct guest {
    promise answered;
    worker_session_shell_actor session;
    std::uint64_t number = 0;  ///< of the session
  };

  let_in receive(worker_hello& hello, worker_link_actor& link);
  void hand_over(std::uint32_t number, worker_hello& hello, const std::string& from);
  void answer(hello_answered& message);

  remote_door_parts parts_;
  std::unordered_map<std::uint32_t, guest> guests_;
  std::uint32_t next_hello_ = 1;
};

}  // namespace troupe
