#pragma once

#include "messages/interfaces.hpp"
#include "runtime/lane/caf_compat.hpp"

#include <functional>
#include <unordered_map>

namespace troupe {

class lane;
class remote_desk;

/// Where a session's worker is looked after.
struct session_home {
  lane* on = nullptr;
  remote_desk* desk = nullptr;
};

/// The server's end of one connected worker: lives on CAF's pool and only passes on, because the
/// network's threads may not enter a lane.
class worker_session_shell : public act::watching<worker_session_shell_actor::base> {
 public:
  /// `gone` is called when it is over.
  worker_session_shell(caf::actor_config& config, session_home home, std::uint64_t number,
                       worker_link_actor link, std::function<void()> gone);

  const char* name() const override { return "troupe.worker_session"; }
  behavior_type make_behavior() override;
  void on_exit() override;

 private:
  using promise = caf::typed_response_promise<remote_answer>;

  bool is_from_worker();
  caf::result<remote_answer> pass_on(remote_call& call);
  void answer(call_answered& message);
  void mind(bool has_runs);
  void ask_worker();
  void lose_worker();
  template <class Job>
  void at_desk(Job job);

  session_home home_;
  const std::uint64_t number_;
  worker_link_actor link_;
  std::function<void()> gone_;
  std::unordered_map<std::uint32_t, promise> calls_;
  std::uint32_t next_call_ = 1;
  bool minded_ = false;   // the worker has runs
  bool doubted_ = false;  // whether it is there is asked once more in any case
  bool asking_ = false;   // a question is under way, or the pause after it
};

}  // namespace troupe
