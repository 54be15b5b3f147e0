#include "actors/task/task_actor_announcement.hpp"

#include "actors/task/task_rules.hpp"

namespace troupe {

void announce_to_group(const stage& where, const task_state& state) {
  const auto& definition = *state.definition;
  where.board.tell(where.on, resume_member{definition.group, state.id, definition.scheduler_id,
                                           definition.expires, state.ever_resolved});
}

void announce_to_queue(const stage& where, const task_state& state) {
  const auto& definition = *state.definition;
  if (state.is_pending() && definition.deadline > where.on.now())
    where.board.tell(where.on, enqueue_run{definition.queue, state.id, state.last_run_id(),
                                           state.priority, state.enqueued_us, definition.deadline});
  else if (state.is_running())
    where.board.tell(where.on,
                     resume_claim{definition.queue, state.id, state.last_run_id(),
                                  state.last_run().worker, claimed_at(state, where.parts.task)});
}

}  // namespace troupe
