// How a task comes into being among others: its group, what it depends on, who depends on it.

#include "actors/task/task_actor.hpp"
#include "actors/task/task_page.hpp"
#include "actors/task/task_wire.hpp"
#include "messages/json_text.hpp"
#include "runtime/lane/caf_compat.hpp"

#include <algorithm>

namespace troupe {

// -- creation -------------------------------------------------------------------------------------

void task_shell::create(create_task& command) {
  if (postponed(command))
    return;
  if (state_.definition)
    return create_again(command);
  begin_creation(std::move(command.definition), command.reply);
  ask_group_and_dependencies({});
}

void task_shell::begin_creation(task_definition_ptr definition, const reply_handle& reply) {
  state_.definition = std::move(definition);
  state_.priority = state_.definition->priority;
  state_.retries_left = state_.definition->retries;
  creation_ = std::make_unique<creation>();
  creation_->reply = reply;
}

// All but those dependencies that are in the same graph, which come in the order of the definition:
// they will exist when this one does.
void task_shell::ask_group_and_dependencies(const std::vector<task_id>& within) {
  creation_->answers_missing = 1;
  const auto& definition = *state_.definition;
  stage_.board.tell(stage_.on, reserve_member{definition.group, state_.id, definition.scheduler_id,
                                              definition.expires});
  auto inner = within.begin();
  for (const auto& required : definition.dependencies) {
    const bool is_within = inner != within.end() && *inner == required;
    if (is_within)
      ++inner;
    // Itself is its own affair: until it is scheduled.
    if (is_within || required == state_.id) {
      state_.open_dependencies.push_back(required);
      continue;
    }
    ++creation_->answers_missing;
    stage_.board.tell(stage_.on, reserve_dependent{required, state_.id, definition.requires_rule});
  }
}

void task_shell::create_again(create_task& command) {
  if (auto same = decide_create_again(state_, *command.definition); !same)
    return refuse(command.reply, std::move(same).error());
  // A sealed group refuses repeats, too, so the group is asked here as well.
  creation_ = std::make_unique<creation>();
  creation_->reply = command.reply;
  creation_->answers_missing = 1;
  creation_->repeated = std::move(command.definition);
  const auto& definition = *state_.definition;
  stage_.board.tell(stage_.on, reserve_member{definition.group, state_.id, definition.scheduler_id,
                                              definition.expires});
}

void task_shell::take_membership(membership_answered& command) {
  if (!creation_)
    return;
  creation_->group_accepted = command.accepted;
  if (command.failed)
    creation_->trouble = std::move(command.refusal);
  else if (!command.accepted)
    creation_->refusal = std::move(command.refusal);
  if (--creation_->answers_missing == 0)
    finish_creation();
}

void task_shell::take_dependency(dependency_state& command) {
  if (!creation_)
    return;
  if (command.failed) {
    creation_->trouble = "the required task " + command.required.str() + " failed";
  } else if (!command.exists) {
    creation_->missing.push_back(command.required);
  } else if (command.expires < state_.definition->deadline) {
    creation_->accepted.push_back(command.required);
    creation_->expiring.push_back(command.required);
  } else {
    creation_->accepted.push_back(command.required);
    if (!command.resolved ||
        !satisfies_dependency(*command.resolved, state_.definition->requires_rule))
      state_.open_dependencies.push_back(command.required);
  }
  if (--creation_->answers_missing == 0)
    finish_creation();
}

namespace {

std::string list_of(const std::vector<task_id>& ids) {
  std::string text;
  for (const auto& id : ids)
    text += "\n * " + id.str();
  return text;
}

boost::json::array json_list(const std::vector<task_id>& ids) {
  boost::json::array list;
  for (const auto& id : ids)
    list.emplace_back(id.str());
  return list;
}

api_error bad_dependencies(const task_definition& definition, const std::vector<task_id>& missing,
                           const std::vector<task_id>& expiring) {
  api_error error{error_code::input_error, {}, {}};
  error.message =
      "Every dependency must be a task that exists and does not expire before the "
      "deadline of the new task.";
  if (!missing.empty())
    error.message += "\nThese do not exist; create them first:" + list_of(missing);
  if (!expiring.empty())
    error.message +=
        "\nThese expire before " + to_iso(definition.deadline) + ":" + list_of(expiring);
  error.details["dependencies"] = json_list(definition.dependencies);
  error.details["missingTaskDependencies"] = json_list(missing);
  error.details["expiringTaskDependencies"] = json_list(expiring);
  return error;
}

}  // namespace

std::optional<api_error> task_shell::creation_problem() {
  if (!creation_->trouble.empty())
    return make_api_error(error_code::internal_server_error, std::move(creation_->trouble));
  if (!creation_->refusal.empty())
    return make_api_error(error_code::request_conflict, std::move(creation_->refusal));
  if (!creation_->missing.empty() || !creation_->expiring.empty())
    return bad_dependencies(*state_.definition, creation_->missing, creation_->expiring);
  return std::nullopt;
}

void task_shell::finish_creation() {
  if (creation_->graph)
    return finish_preparing();
  if (auto problem = creation_problem())
    return refuse_creation(std::move(*problem));
  auto made = std::move(creation_);
  const auto& definition = *state_.definition;
  try {
    if (made->repeated) {
      stage_.board.tell(stage_.on, withdraw_member{definition.group, state_.id});
      // Decided now: the task may have been claimed while its group was asked.
      if (const auto again = decide_create_again(state_, *made->repeated))
        carry_out(*again);
    } else {
      made->joined = true;
      stage_.board.tell(stage_.on, confirm_member{definition.group, state_.id, definition.expires});
      for (const auto& required : definition.dependencies)
        stage_.board.tell(
            stage_.on,
            confirm_dependent{required, state_.id, definition.requires_rule, definition.expires});
      carry_out(decide_create(state_, stage_.on.now(), stage_.on.unique_us()), true);
    }
    answer_status(made->reply);
  } catch (...) {
    creation_ = std::move(made);  // so that who waits for it hears of the failure
    throw;
  }
  for (auto& again : made->later)
    again();
}

void task_shell::refuse_creation(api_error why) {
  refuse(creation_->reply, std::move(why));
  undo_creation();
}

void task_shell::undo_creation() {
  const auto made = std::move(creation_);
  if (made->group_accepted)
    stage_.board.tell(stage_.on, withdraw_member{state_.definition->group, state_.id});
  if (!made->repeated) {
    for (const auto& required : made->accepted)
      stage_.board.tell(stage_.on, withdraw_dependent{required, state_.id});
    // Nothing was written, so the id is free again: the shard forgets it before what waited here
    // comes back to it.
    const auto id = state_.id;
    state_ = {};
    state_.id = id;
    if (!made->written)
      stage_.board.tell(stage_.on, offer_leave{state_.id, received_});
    else
      arm_timer();  // not before what was written is removed
  }
  for (auto& again : made->later)
    again();
}

// -- dependents -----------------------------------------------------------------------------------

void task_shell::reserve(reserve_dependent& command) {
  dependency_state result;
  result.task = command.dependent;
  result.required = state_.id;
  // One that is written exists as soon as its graph says so, and that waits for nobody any more.
  if (creation_ && creation_->written && postponed(command))
    return;
  // A task that is still being created does not exist yet: who depends on it comes too early.
  if (state_.definition && !creation_) {
    result.exists = true;
    result.expires = state_.definition->expires;
    result.resolved = resolution_of(state_);
    add_dependent(state_, {command.dependent, command.rule, false, {}});
  }
  stage_.board.tell(stage_.on, std::move(result));
}

void task_shell::confirm(confirm_dependent& command) {
  auto& known = add_dependent(state_, {command.dependent, command.rule, false, {}});
  known.confirmed = true;
  known.expires = command.expires;
  auto& commands = stage_.store().begin_commit();
  commands.command("HSET",
                   resp_writer::joined{shard_key_prefix(shard()), "edges:", state_.id.view()},
                   command.dependent.view(), edge_text(command.rule, command.expires));
  last_commit_ = stage_.store().end_commit();
  // It may have resolved between reservation and confirmation.
  if (const auto resolution = resolution_of(state_); resolution && command.dependent != state_.id)
    stage_.board.tell(stage_.on, dependency_resolved{command.dependent, state_.id, *resolution});
}

void task_shell::withdraw(withdraw_dependent& command) {
  const auto* known = find_dependent(state_, command.dependent);
  if (known != nullptr && !known->confirmed)
    state_.dependents.erase(state_.dependents.begin() + (known - state_.dependents.data()));
}

void task_shell::resume(resume_dependent& command) {
  const auto* known = find_dependent(state_, command.dependent);
  if (known != nullptr && known->confirmed) {
    if (const auto resolution = resolution_of(state_))
      stage_.board.tell(stage_.on, dependency_resolved{command.dependent, state_.id, *resolution});
    return;
  }
  confirm_dependent again{state_.id, command.dependent, command.rule, command.expires};
  confirm(again);
}

void task_shell::dependency_done(dependency_resolved& command) {
  if (postponed(command))
    return;
  if (state_.definition)
    carry_out(decide_dependency(state_, command.required, command.resolution, stage_.on.now(),
                                stage_.on.unique_us()));
  stage_.board.tell(stage_.on,
                    effect_acknowledged{command.required, effect_receiver::dependent, state_.id});
}

void task_shell::forget_expired() {
  const auto dropped = drop_expired(state_, stage_.on.now());
  if (dropped.empty())
    return;
  auto& commands = stage_.store().begin_commit();
  for (const auto& id : dropped)
    commands.command("HDEL",
                     resp_writer::joined{shard_key_prefix(shard()), "edges:", state_.id.view()},
                     id.view());
  last_commit_ = stage_.store().end_commit();
}

void task_shell::show_dependents(list_dependents& command) {
  if (postponed(command))
    return;
  auto page = dependents_page(state_, command.after, command.limit, stage_.on.now());
  const bool more = page.size() > command.limit;
  page.resize(std::min<std::size_t>(page.size(), command.limit));
  task_page rows{"{\"taskId\":\"" + state_.id.str() + '"', std::move(page), more};
  // A dependent is answered as it is stored: what it was acknowledged to be is safe.
  auto self = caf::actor_cast<task_actor>(this);
  ask_task_page(stage_.store(), std::move(rows),
                [this, self, reply = command.reply](answer&& result) {
                  stage_.store().answer(last_commit_, reply, std::move(result));
                });
}

}  // namespace troupe
