// What happens to a task whose handler throws: who waits hears of it, and its shard puts another
// one into its place, as Redis has it.

#include "actors/task/task_actor.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

namespace troupe {

// Within a handler of an exception.
std::string task_shell::report_failure() {
  auto why = describe_exception(std::current_exception());
  if (std::exchange(failed_, true))
    return why;
  stage_.store().abandon_commit();
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  stage_.board.tell(stage_.on, task_failed{state_.id, why});
  give_up(why);
  return why;
}

void task_shell::give_up(const std::string& why) {
  const auto error = failed_actor("task " + state_.id.str(), why);
  auto& board = stage_.board;
  if (const auto made = std::move(creation_)) {
    if (made->reply)
      stage_.on.deliver(made->reply, answer{error});
    if (made->graph && !made->written)
      board.tell(stage_.on, member_advanced{made->graph, state_.id, graph_step::prepare,
                                            std::make_shared<const api_error>(error)});
    const auto& group = state_.definition->group;
    if (made->joined)  // a member that will not be: the group has to count again
      board.tell(stage_.on, group_failed{group, "task " + state_.id.str() + " joined and failed"});
    else if (made->group_accepted && !made->written)  // else its successor makes use of it
      board.tell(stage_.on, withdraw_member{group, state_.id});
    if (!made->repeated && !made->written)
      for (const auto& required : made->accepted)
        board.tell(stage_.on, withdraw_dependent{required, state_.id});
    for (auto& again : made->later)
      again();
  }
  if (!artifacts_)
    return;
  for (auto& [reply, job] : std::exchange(artifacts_->later, {}))
    stage_.on.deliver(reply, answer{error});
  for (auto& [key, waiting] : std::exchange(artifacts_->leaving, {}))
    for (auto& command : waiting)
      stage_.on.deliver(command.reply, answer{error});
}

}  // namespace troupe
