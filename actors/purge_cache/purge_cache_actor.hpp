#pragma once

#include "actors/company/stage.hpp"
#include "actors/purge_cache/purge_cache_rules.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_guard.hpp"

#include <functional>

namespace troupe {

/// The shell of the service of purge requests: all of them are in memory, and each change is in
/// Redis before it is answered.
class purge_cache_shell : public purge_cache_actor::base, public timer_target {
 public:
  purge_cache_shell(caf::actor_config& config, const stage& where, std::function<void()> successor);

  const char* name() const override { return "troupe.purge_cache"; }
  behavior_type make_behavior() override;
  void on_exit() override;
  void on_timer() override;

 private:
  template <class Command>
  auto receive(void (purge_cache_shell::*handle)(Command&));

  void open();
  void take_request(request_purge& command);
  void list(list_purge_requests& command);
  void find(find_purge_requests& command);
  void remove_expired(purge_timer_fired& command);

  void arm_timer();
  void answer_read(const reply_handle& to, std::string text,
                   const std::optional<purge_key>& next = std::nullopt);

  const stage& stage_;
  service_guard guard_;
  purge_cache_state state_;
  commit_number written_ = 0;  // what is answered tells of nothing that a crash could undo
  timer_id timer_ = 0;
};

}  // namespace troupe
