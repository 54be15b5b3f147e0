#pragma once

#include "actors/provisioner/machine_launcher.hpp"
#include "actors/provisioner/provisioner_state.hpp"
#include "messages/pool_commands.hpp"

#include <vector>

namespace troupe {

/// True when the machine has to be started: there is none of that name.
bool on_start(provisioner_state& state, const start_worker& command);

/// True when the machine has to be told to end: it is there, and was not told before.
bool on_stop(provisioner_state& state, const stop_worker& command);

/// The machine is no more. Whoever waits for it has to hear of that in any case: an earlier
/// provisioner may have started it.
void on_ended(provisioner_state& state, const machine_ended& command);

/// The machines of a pool that are there, also those that were told to end.
workers_reported report_of(const provisioner_state& state, const task_queue_id& pool);

/// What is there already is taken over.
void adopt(provisioner_state& state, const std::vector<machine>& machines);

}  // namespace troupe
