// How a task comes into being with the others of its graph: asked like any other, written before
// anybody may see it, and revealed or removed when the graph is decided.

#include "actors/task/graph_mark.hpp"
#include "actors/task/task_actor.hpp"
#include "actors/task/task_actor_announcement.hpp"
#include "actors/task/task_removal.hpp"
#include "actors/task/task_wire.hpp"
#include "runtime/lane/caf_compat.hpp"

#include <memory>

namespace troupe {

namespace {

api_error taken(const task_id& id) {
  return make_api_error(error_code::request_conflict,
                        "a task of this id exists already, or is being created by another call. A "
                        "graph creates all its tasks: give it a taskId of its own (" +
                            id.str() + " is taken).");
}

std::shared_ptr<const api_error> shared(api_error why) {
  return std::make_shared<const api_error>(std::move(why));
}

}  // namespace

void task_shell::prepare(prepare_member& command) {
  // Two graphs that have tasks in common would wait for each other.
  const bool claimed = creation_ && creation_->graph;
  if (!claimed && postponed(command))
    return;
  if (claimed || state_.definition) {
    stage_.board.tell(stage_.on, member_advanced{command.graph, state_.id, graph_step::prepare,
                                                 shared(taken(state_.id))});
    return;
  }
  begin_creation(std::move(command.definition), {});
  creation_->graph = command.graph;
  for (const auto& dependent : command.dependents)
    state_.dependents.push_back({dependent.id, dependent.rule, true, dependent.expires});
  ask_group_and_dependencies(command.within);
}

// Group and dependencies have answered.
void task_shell::finish_preparing() {
  auto problem = creation_problem();
  const auto graph = creation_->graph;
  if (problem)
    undo_creation();
  stage_.board.tell(stage_.on, member_advanced{graph, state_.id, graph_step::prepare,
                                               problem ? shared(std::move(*problem)) : nullptr});
}

void task_shell::advance(advance_member& command) {
  const bool waits = creation_ && creation_->graph == command.graph;
  std::shared_ptr<const api_error> problem;
  if (waits && command.step == graph_step::write)
    write_unseen();
  else if (waits && command.step == graph_step::reveal)
    reveal();
  else if (waits && command.step == graph_step::drop)
    drop_from_graph();
  else if (command.step == graph_step::write)
    problem =
        shared(make_api_error(error_code::internal_server_error, "it failed while it was created"));
  stage_.board.tell(stage_.on,
                    member_advanced{command.graph, state_.id, command.step, std::move(problem)});
}

// The row, with a mark that keeps it from being a task to anybody, and the edges to other members.
void task_shell::write_unseen() {
  const auto prefix = shard_key_prefix(shard());
  const auto id = state_.id.view();
  auto& commands = stage_.store().begin_commit();
  write_row(commands, true, true);
  commands.command("HSET", resp_writer::joined{prefix, "task:", id}, "x",
                   with_graph_mark(internal_text(state_), creation_->graph));
  if (!state_.dependents.empty()) {
    commands.begin(2 + 2 * state_.dependents.size());
    commands.argument("HSET");
    commands.argument(resp_writer::joined{prefix, "edges:", id});
    for (const auto& dependent : state_.dependents) {
      commands.argument(dependent.id.view());
      commands.argument(edge_text(dependent.rule, dependent.expires));
    }
  }
  last_commit_ = stage_.store().end_commit();
  creation_->written = true;
}

// From now on it is a task like any other.
void task_shell::reveal() {
  auto made = std::move(creation_);
  const auto& definition = *state_.definition;
  if (made->revived)  // the group may not know of it any more
    announce_to_group(stage_, state_);
  else
    stage_.board.tell(stage_.on, confirm_member{definition.group, state_.id, definition.expires});
  for (const auto& required : made->accepted)
    stage_.board.tell(stage_.on, confirm_dependent{required, state_.id, definition.requires_rule,
                                                   definition.expires});
  const auto now = stage_.on.now();
  const auto decision = decide_create(state_, now, stage_.on.unique_us());
  for (const auto& change : decision.changes)
    apply(state_, change);
  forget_status();
  write_row(stage_.store().begin_commit(), false, false);
  write_events(decision);
  last_commit_ = stage_.store().end_commit();
  tell_others(decision, false, now);
  arm_timer();
  for (auto& again : made->later)
    again();
}

void task_shell::drop_from_graph() {
  const bool written = creation_->written;
  if (written) {
    write_task_gone(stage_.store().begin_commit(), state_.id);
    last_commit_ = stage_.store().end_commit();
    settled_ = true;
  }
  undo_creation();
}

// As the store holds a member that nobody sees. After a restart its graph is decided, and the group
// knows nothing of it; after a failure the group does, and the graph's word is still to come.
void task_shell::wait_for_graph(const task_graph_id& graph, bool revived) {
  creation_ = std::make_unique<creation>();
  creation_->graph = graph;
  creation_->written = true;
  creation_->revived = revived;
  creation_->group_accepted = !revived;
  settled_ = false;
  for (const auto& required : state_.definition->dependencies)
    if (required != state_.id)
      creation_->accepted.push_back(required);
}

}  // namespace troupe
