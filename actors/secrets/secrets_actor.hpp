#pragma once

#include "actors/company/stage.hpp"
#include "actors/secrets/secrets_rules.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_guard.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe {

/// The shell of the service of secrets. It keeps them sealed, in memory as in Redis: a value is in
/// clear only from its message until it is sealed, and in the answer to who may read it.
class secrets_shell : public secrets_actor::base, public timer_target {
 public:
  secrets_shell(caf::actor_config& config, const stage& where, std::function<void()> successor);

  const char* name() const override { return "troupe.secrets"; }
  behavior_type make_behavior() override;
  void on_exit() override;
  void on_timer() override;

 private:
  template <class Command>
  auto receive(void (secrets_shell::*handle)(Command&));

  void open();
  void check_keys();
  void go_on_resealing();
  void set(set_secret& command);
  void remove(remove_secret& command);
  void show(get_secret& command);
  void list(list_secrets& command);
  void reseal(reseal_secrets& command);
  void remove_expired(secrets_timer_fired& command);
  void expire(expire_now& command);
  std::size_t remove_until(timestamp then);

  void write(const std::string& name);
  void arm_timer();
  void audit(const std::string& name, std::string_view action, const std::string& client_id);

  const stage& stage_;
  service_guard guard_;
  secrets_state state_;
  std::vector<std::string> to_reseal_;  // names; sealed with older keys
  commit_number written_ = 0;           // what is answered tells of nothing that a crash could undo
  timer_id timer_ = 0;
  timestamp armed_for_;
};

}  // namespace troupe
