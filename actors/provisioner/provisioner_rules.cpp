#include "actors/provisioner/provisioner_rules.hpp"

namespace troupe {

bool on_start(provisioner_state& state, const start_worker& command) {
  return state.machines.try_emplace({command.pool, command.worker}).second;
}

bool on_stop(provisioner_state& state, const stop_worker& command) {
  const auto found = state.machines.find({command.pool, command.worker});
  if (found == state.machines.end() || found->second.stopping)
    return false;
  found->second.stopping = true;
  return true;
}

void on_ended(provisioner_state& state, const machine_ended& command) {
  state.machines.erase({command.pool, command.worker});
}

workers_reported report_of(const provisioner_state& state, const task_queue_id& pool) {
  workers_reported result{pool, {}};
  for (const auto& [key, machine] : state.machines)
    if (key.first == pool)
      result.workers.push_back(key.second);
  return result;
}

void adopt(provisioner_state& state, const std::vector<machine>& machines) {
  for (const auto& there : machines)
    state.machines.try_emplace({there.pool, there.worker});
}

}  // namespace troupe
