#pragma once

#include "actors/auth/auth_rules.hpp"
#include "actors/company/stage.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_guard.hpp"

namespace troupe {

/// The shell of the owner of clients and roles: reads them, and publishes a snapshot of them
/// whenever they change.
class auth_shell : public auth_actor::base {
 public:
  auth_shell(caf::actor_config& config, const stage& where, std::function<void()> successor);

  const char* name() const override { return "troupe.auth"; }
  behavior_type make_behavior() override;
  void on_exit() override;

 private:
  void open();

  const stage& stage_;
  service_guard guard_;
  auth_state state_;
};

}  // namespace troupe
