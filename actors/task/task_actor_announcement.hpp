#pragma once

#include "actors/company/stage.hpp"
#include "actors/task/task_state.hpp"

namespace troupe {

// What a live task tells again when it or its hearers came back. All hearers may hear it twice. An
// outline (task_wire.hpp) says enough for both.

/// Its group hears that it is a member.
void announce_to_group(const stage& where, const task_state& state);

/// Its queue hears of the run that waits or is claimed; nothing when there is none, or when the
/// deadline has passed.
void announce_to_queue(const stage& where, const task_state& state);

}  // namespace troupe
