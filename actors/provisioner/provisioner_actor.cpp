#include "actors/provisioner/provisioner_actor.hpp"

#include "runtime/lane/caf_compat.hpp"

namespace troupe {

provisioner_shell::provisioner_shell(caf::actor_config& config, const stage& where,
                                     std::string provider, machine_launcher& launcher,
                                     std::function<void()> successor)
    : provisioner_actor::base(config),
      stage_(where),
      launcher_(launcher),
      guard_(where.on, where.board, "provisioner " + provider, std::move(successor)) {
  state_.provider = std::move(provider);
}

provisioner_shell::behavior_type provisioner_shell::make_behavior() {
  guard_.attempt([this] { adopt(state_, launcher_.machines()); });
  return {
      [this](start_worker& c) { guard_.run(c, [this](start_worker& of) { start(of); }); },
      [this](stop_worker& c) { guard_.run(c, [this](stop_worker& of) { stop(of); }); },
      [this](report_workers& c) { guard_.run(c, [this](report_workers& of) { report(of); }); },
      [this](machine_ended& c) { guard_.run(c, [this](machine_ended& of) { ended(of); }); },
  };
}

void provisioner_shell::on_exit() {
  guard_.hand_back();
  state_ = {};
}

void provisioner_shell::start(const start_worker& command) {
  if (on_start(state_, command))
    launcher_.start(command);
}

void provisioner_shell::stop(const stop_worker& command) {
  if (on_stop(state_, command))
    launcher_.stop({command.pool, command.worker});
}

void provisioner_shell::report(const report_workers& command) {
  stage_.board.tell(stage_.on, report_of(state_, command.pool));
}

void provisioner_shell::ended(const machine_ended& command) {
  on_ended(state_, command);
  auto& board = stage_.board;
  board.tell(stage_.on, worker_exited{command.pool, command.worker, command.clean, command.how});
  board.tell(stage_.on, worker_lost{command.pool, command.worker,
                                    "the worker's process ended: " + command.how});
}

}  // namespace troupe
