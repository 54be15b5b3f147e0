#pragma once

#include "actors/company/stage.hpp"
#include "actors/provisioner/provisioner_rules.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_guard.hpp"

#include <functional>
#include <string>

namespace troupe {

/// The shell of the provisioner of one provider: passes on what pools want to the launcher, and
/// what becomes of machines to the pools. When a machine ends, what it ran is given back at once.
class provisioner_shell : public provisioner_actor::base {
 public:
  provisioner_shell(caf::actor_config& config, const stage& where, std::string provider,
                    machine_launcher& launcher, std::function<void()> successor);

  const char* name() const override { return "troupe.provisioner"; }
  behavior_type make_behavior() override;
  void on_exit() override;

 private:
  void start(const start_worker& command);
  void stop(const stop_worker& command);
  void report(const report_workers& command);
  void ended(const machine_ended& command);

  const stage& stage_;
  machine_launcher& launcher_;
  service_guard guard_;
  provisioner_state state_;
};

}  // namespace troupe
