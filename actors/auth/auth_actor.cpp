#include "actors/auth/auth_actor.hpp"

#include "runtime/lane/caf_compat.hpp"

namespace troupe {

auth_shell::auth_shell(caf::actor_config& config, const stage& where,
                       std::function<void()> successor)
    : auth_actor::base(config),
      stage_(where),
      guard_(where.on, where.board, "auth service", std::move(successor)) {}

auth_shell::behavior_type auth_shell::make_behavior() {
  return {
      [this](open_auth& c) { guard_.run(c, [this](open_auth&) { open(); }); },
  };
}

void auth_shell::on_exit() {
  guard_.hand_back();
  state_ = {};
}

void auth_shell::open() {
  auto opened = open_auth_with(stage_.parts.auth);
  if (!opened)
    return stage_.parts.publish_snapshot(std::move(opened).error());
  state_ = std::move(*opened);
  stage_.parts.publish_snapshot(snapshot_of(state_));
}

}  // namespace troupe
