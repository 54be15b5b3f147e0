// What each change makes of a task.

#include "actors/task/task_rules.hpp"

#include "messages/json_parser.hpp"

#include <boost/json.hpp>

#include <string>

namespace troupe {

namespace {

using change_kind = task_change::kind;

// The definition is shared and never changes, so another priority makes another definition.
task_definition_ptr with_priority(const task_definition& definition, task_priority priority) {
  auto changed = std::make_shared<task_definition>(definition);
  changed->priority = priority;
  boost::system::error_code failed;
  auto json = parse_json(definition.json, failed);
  if (!failed && json.is_object()) {
    json.get_object()["priority"] = to_string(priority);
    changed->json = boost::json::serialize(json);
  }
  return changed;
}

}  // namespace

void apply(task_state& state, const task_change& change) {
  switch (change.what) {
    case change_kind::run_added: {
      task_run run;
      run.created = change.created;
      run.scheduled = change.at;
      state.runs.push_back(std::move(run));
      state.enqueued_us = change.enqueued_us;
      return;
    }
    case change_kind::run_claimed: {
      auto& run = state.runs.back();
      run.state = run_state::running;
      run.worker = change.worker;
      run.started = change.at;
      run.taken_until = change.taken_until;
      state.claimed_directly = change.directly;
      return;
    }
    case change_kind::run_reclaimed:
      state.runs.back().taken_until = change.taken_until;
      return;
    case change_kind::run_resolved: {
      auto& run = state.runs.back();
      run.state = change.state;
      run.resolved_as = change.resolved_as;
      run.resolved = change.at;
      return;
    }
    case change_kind::resolved_without_run: {
      task_run run;
      run.state = run_state::exception;
      run.created = reason_created::exception;
      run.resolved_as = change.resolved_as;
      run.scheduled = change.at;
      run.resolved = change.at;
      state.runs.push_back(std::move(run));
      return;
    }
    case change_kind::retry_used:
      --state.retries_left;
      return;
    case change_kind::retries_reset:
      state.retries_left = change.retries;
      return;
    case change_kind::resolved_for_good:
      state.ever_resolved = true;
      return;
    case change_kind::dependency_satisfied:
      std::erase(state.open_dependencies, change.task);
      return;
    case change_kind::priority_changed:
      state.priority = change.priority;
      state.definition = with_priority(*state.definition, change.priority);
      return;
  }
}

}  // namespace troupe
