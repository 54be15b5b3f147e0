#pragma once

#include "actors/company/stage.hpp"
#include "actors/secrets/secrets_rules.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_actor.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The shell of the service of secrets. It keeps them sealed, in memory as in Redis: a value is in
/// clear only from its message until it is sealed, and in the answer to who may read it.
class secrets_shell : public service_actor<secrets_actor, secrets_timer_fired> {
 public:
  secrets_shell(caf::actor_config& config, const stage& where, std::function<void()> successor);

  const char* name() const override { return "troupe.secrets"; }
  behavior_type make_behavior() override;

 private:
  void open();
  void take_row(std::string_view name, std::string_view value);
  bool check_keys();
  std::optional<timestamp> next_due() const override { return next_expiry(state_); }
  void leave() override { state_ = {}; }

  void set(set_secret& command);
  void remove(remove_secret& command);
  void show(get_secret& command);
  void list(list_secrets& command);
  void reseal(reseal_secrets& command);
  void remove_expired(secrets_timer_fired& command);
  void expire(expire_now& command);
  std::size_t remove_until(timestamp then);

  void write(const std::string& name);
  void audit(const std::string& name, std::string_view action, const std::string& client_id);

  const stage& stage_;
  secrets_state state_;
  std::vector<std::string> to_reseal_;  // names; sealed with older keys
};

}  // namespace troupe
