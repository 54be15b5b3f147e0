// How a task comes into being among others: its group, what it depends on, who depends on it, and
// what its runs leave behind.

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
  state_.definition = std::move(command.definition);
  state_.priority = state_.definition->priority;
  state_.retries_left = state_.definition->retries;
  creation_ = std::make_unique<creation>();
  creation_->reply = command.reply;
  creation_->answers_missing = 1;
  const auto& definition = *state_.definition;
  stage_.board.tell(stage_.on, reserve_member{definition.group, state_.id, definition.scheduler_id,
                                              definition.expires});
  for (const auto& required : definition.dependencies) {
    if (required == state_.id) {
      state_.open_dependencies.push_back(required);  // its own affair: until it is scheduled
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

void task_shell::finish_creation() {
  if (!creation_->trouble.empty())
    return refuse_creation(
        make_api_error(error_code::internal_server_error, std::move(creation_->trouble)));
  if (!creation_->refusal.empty())
    return refuse_creation(
        make_api_error(error_code::request_conflict, std::move(creation_->refusal)));
  if (!creation_->missing.empty() || !creation_->expiring.empty())
    return refuse_creation(
        bad_dependencies(*state_.definition, creation_->missing, creation_->expiring));
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
  const auto made = std::move(creation_);
  refuse(made->reply, std::move(why));
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
    stage_.board.tell(stage_.on, offer_leave{state_.id, received_});
  }
  for (auto& again : made->later)
    again();
}

// -- dependents -----------------------------------------------------------------------------------

void task_shell::reserve(reserve_dependent& command) {
  dependency_state result;
  result.task = command.dependent;
  result.required = state_.id;
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

// -- artifacts ------------------------------------------------------------------------------------

void task_shell::with_artifacts(const reply_handle& reply, std::function<void()> then) {
  if (!artifacts_)
    artifacts_ = std::make_unique<artifact_shelf>();
  if (artifacts_->loaded)
    return then();
  artifacts_->later.emplace_back(reply, std::move(then));
  if (artifacts_->later.size() > 1)
    return;
  resp_writer commands;
  commands.command("HGETALL",
                   resp_writer::joined{shard_key_prefix(shard()), "artifacts:", state_.id.view()});
  // The actor may leave before the reply comes, so it is held until then.
  auto self = caf::actor_cast<task_actor>(this);
  stage_.store().query(commands, [this, self](std::vector<redis_reply>& replies) {
    if (!artifacts_ || failed_)
      return;
    try {
      take_artifacts(replies.front());
      arm_timer();
    } catch (...) {
      report_failure();
    }
  });
}

void task_shell::take_artifacts(const redis_reply& all) {
  for (std::size_t i = 0; i + 1 < all.size(); i += 2)
    if (auto record = read_artifact(text_of(all.at(i + 1))))
      artifacts_->records.emplace(std::string{text_of(all.at(i))}, std::move(*record));
  artifacts_->loaded = true;
  while (!artifacts_->later.empty()) {
    // Whom it fails on waits until it is done, so that nobody is forgotten.
    artifacts_->later.front().second();
    artifacts_->later.erase(artifacts_->later.begin());
  }
}

namespace {

std::string shelf_key(run_id run, const std::string& name) {
  return std::to_string(run) + "/" + name;
}

constexpr std::chrono::minutes put_url_lasts{45};
constexpr std::chrono::minutes get_url_lasts{30};

}  // namespace

void task_shell::put_artifact(create_artifact& command) {
  if (postponed(command))
    return;
  with_artifacts(command.reply, [this, command] {
    const auto now = stage_.on.now();
    const auto key = shelf_key(command.run, command.name);
    const auto existing = artifacts_->records.find(key);
    auto record = decide_artifact(
        state_, command, existing == artifacts_->records.end() ? nullptr : &existing->second, now);
    if (!record)
      return refuse(command.reply, std::move(record).error());
    auto& commands = stage_.store().begin_commit();
    commands.command("HSET",
                     resp_writer::joined{shard_key_prefix(shard()), "artifacts:", state_.id.view()},
                     key, artifact_text(*record));
    if (publishes_artifact(record->storage)) {
      const auto& worker = state_.runs[command.run].worker;
      stage_.store().append_event(
          shard(), event_draft{"exchange/taskcluster-queue/v1/artifact-created",
                               routing_key(state_, command.run, &worker), cc_of(*state_.definition),
                               artifact_payload(state_, status(), command, *record)});
    }
    last_commit_ = stage_.store().end_commit();
    std::string body = "{\"storageType\":\"" + std::string{to_string(record->storage)} + "\"";
    if (record->storage == artifact_storage::s3) {
      const auto until = now + put_url_lasts;
      body += ",\"contentType\":";
      append_json_string(body, record->content_type);
      body += ",\"expires\":\"" + to_iso(until) + "\",\"putUrl\":";
      append_json_string(body,
                         stage_.parts.put_url(artifact_key(state_.id, command.run, command.name),
                                              record->content_type, until));
    }
    body += '}';
    artifacts_->records[key] = std::move(*record);
    stage_.store().answer(last_commit_, command.reply, answer{std::move(body)});
  });
}

void task_shell::find_artifact(get_artifact& command) {
  if (postponed(command))
    return;
  // Who may not read the name hears that first, whether the artifact exists or not.
  if (auto allowed = stage_.parts.authorise_artifacts(*command.by, {command.name}); !allowed)
    return refuse(command.reply, std::move(allowed).error());
  if (!state_.has_runs() || (command.run && *command.run >= state_.runs.size()))
    return refuse(command.reply,
                  make_api_error(error_code::resource_not_found,
                                 command.run ? "Task " + state_.id.str() + " has no run " +
                                                   std::to_string(*command.run) + "."
                                             : "Task " + state_.id.str() +
                                                   " has no runs yet, so it has no artifacts."));
  const auto run = command.run.value_or(state_.last_run_id());
  with_artifacts(command.reply, [this, command, run] {
    const auto now = stage_.on.now();
    auto found = follow_links(
        command.name,
        [&](const std::string& name) -> const artifact_record* {
          const auto at = artifacts_->records.find(shelf_key(run, name));
          return at == artifacts_->records.end() ? nullptr : &at->second;
        },
        [&](const std::vector<std::string>& names) {
          return stage_.parts.authorise_artifacts(*command.by, names);
        },
        now);
    if (!found)
      return refuse(command.reply, std::move(found).error());
    std::string url;
    if (found->record.storage == artifact_storage::s3)
      url = stage_.parts.get_url(artifact_key(state_.id, run, found->name), now + get_url_lasts);
    stage_.store().answer(last_commit_, command.reply, artifact_answer(*found, url));
  });
}

}  // namespace troupe
