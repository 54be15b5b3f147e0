#include "tests/unit/actors/task/some_task.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

const timestamp some_start = *parse_date_time("2026-09-01T10:00:00.003Z");
const task_id some_id = *task_id::parse("fN1SbArXTPSVFNUvaOlinQ");
const worker_name some_worker{"eu", "w-17"};
const worker_name other_worker{"us", "w-4"};

task_id id_number(unsigned number) {
  auto digits = std::to_string(number);
  digits.insert(0, 10 - digits.size(), '0');
  return *task_id::parse("AAAAAAAAQAC" + digits + "A");
}

task_definition_ptr define(const wish& of) {
  json::array dependencies;
  for (const auto& id : of.dependencies)
    dependencies.emplace_back(id.view());
  json::array routes;
  for (const auto& route : of.routes)
    routes.emplace_back(route);
  const auto deadline = some_start + of.lasts;
  const json::object definition{
      {"provisionerId", "proj"},
      {"workerType", "ci"},
      {"taskQueueId", "proj/ci"},
      {"schedulerId", "-"},
      {"projectId", of.project},
      {"taskGroupId", some_id.view()},
      {"dependencies", dependencies},
      {"requires", to_string(of.rule)},
      {"routes", routes},
      {"priority", of.priority},
      {"retries", of.retries},
      {"created", to_iso(some_start)},
      {"deadline", to_iso(deadline)},
      {"expires", to_iso(one_year_later(deadline))},
      {"scopes", json::array{"queue:get-artifact:private/*"}},
      {"payload", json::parse(of.payload)},
      {"metadata",
       {{"name", "build"},
        {"description", "a \"quoted\" one"},
        {"owner", "somebody@example.com"},
        {"source", "https://example.com/task"}}},
      {"tags", json::parse(of.tags)},
      {"extra", json::object{}},
  };
  return std::make_shared<const task_definition>(*read_definition(json::serialize(definition)));
}

some_task::some_task(const wish& of) {
  state.id = some_id;
  state.definition = define(of);
  state.priority = state.definition->priority;
  state.retries_left = state.definition->retries;
  state.open_dependencies = of.dependencies;
}

namespace {

std::string_view name_of(task_resolution resolution) {
  constexpr std::string_view names[] = {"completed", "failed", "exception"};
  return names[static_cast<std::size_t>(resolution)];
}

std::string word_for(const task_effect& effect, const task_state& state) {
  using kind = task_effect::kind;
  constexpr std::string_view names[] = {
      "defined", "pending", "running",      "completed", "failed",  "exception", "priority-changed",
      "enqueue", "dequeue", "reprioritise", "take",      "release", "signal"};
  std::string word{names[static_cast<std::size_t>(effect.what)]};
  switch (effect.what) {
    case kind::publish_defined:
      return word;
    case kind::publish_priority_changed:
      return word + " from " + std::string{to_string(effect.old_priority)};
    case kind::signal:
      return word + " " + std::string{name_of(effect.resolution)};
    case kind::reprioritise:
      return word + " " + std::to_string(effect.run) + " from " +
             std::string{to_string(effect.old_priority)};
    default:
      break;
  }
  word += " " + std::to_string(effect.run);
  // The shell names the worker of a run only where there is one.
  if (effect.what == kind::publish_exception && effect.with_worker &&
      state.runs.at(effect.run).started.ms != 0)
    word += " of " + state.runs[effect.run].worker.group + "/" + state.runs[effect.run].worker.id;
  return word;
}

}  // namespace

words some_task::carry_out(const task_decision& decision) {
  changes = decision.changes.size();
  for (const auto& change : decision.changes)
    apply(state, change);
  words result;
  for (const auto& effect : decision.effects)
    result.push_back(word_for(effect, state));
  return result;
}

words some_task::carry_out(const outcome<task_decision>& decision) {
  if (decision)
    return carry_out(*decision);
  error = decision.error();
  return {std::to_string(http_status(error.code))};
}

words some_task::create() { return carry_out(decide_create(state, now, ++next_us)); }

words some_task::create_again(const wish& of) {
  return carry_out(decide_create_again(state, *define(of)));
}

words some_task::schedule() { return carry_out(decide_schedule(state, now, ++next_us)); }

words some_task::rerun() { return carry_out(decide_rerun(state, now, ++next_us, settings)); }

words some_task::cancel() { return carry_out(decide_cancel(state, now)); }

words some_task::claim(run_id run, const worker_name& worker) {
  claim_run command;
  command.task = state.id;
  command.run = run;
  command.worker = worker;
  const auto decision = decide_claim(state, command, now, settings);
  return decision ? carry_out(*decision) : words{"refused"};
}

words some_task::claim_directly(run_id run, const worker_name& worker, bool barred) {
  claim_admitted command;
  command.task = state.id;
  command.run = run;
  command.worker = worker;
  command.barred = barred;
  return carry_out(decide_claim_task(state, command, now, settings));
}

words some_task::cancel_with_group() { return carry_out(decide_cancel_in_group(state, now)); }

words some_task::reclaim(run_id run) {
  return carry_out(decide_reclaim(state, run, now, settings));
}

words some_task::report(run_report what, run_id run) {
  return carry_out(decide_report(state, run, what, now, ++next_us));
}

words some_task::worker_gone(run_id run) {
  return carry_out(decide_worker_gone(state, run, now, ++next_us));
}

words some_task::worker_removed(const worker_name& worker) {
  return carry_out(decide_worker_removed(state, worker, now, ++next_us));
}

words some_task::change_priority(task_priority to) {
  return carry_out(decide_priority(state, to, now));
}

words some_task::dependency(const task_id& required, task_resolution resolution) {
  return carry_out(decide_dependency(state, required, resolution, now, ++next_us));
}

words some_task::timer_at(timestamp time) {
  now = time;
  return carry_out(decide_timer(state, now, ++next_us, settings));
}

words some_task::runs() const {
  words result;
  for (const auto& run : state.runs) {
    std::string word{to_string(run.state)};
    if (run.resolved_as != reason_resolved::none)
      word += "/" + std::string{to_string(run.resolved_as)};
    result.push_back(word);
  }
  return result;
}

some_task pending_task(const wish& of) {
  some_task task{of};
  task.create();
  return task;
}

some_task running_task(const wish& of) {
  auto task = pending_task(of);
  task.claim();
  return task;
}

some_task reported_task(run_report what, const wish& of) {
  auto task = running_task(of);
  task.report(what);
  return task;
}

some_task unscheduled_task(wish of) {
  if (of.dependencies.empty())
    of.dependencies = {id_number(1)};
  some_task task{of};
  task.create();
  return task;
}

}  // namespace troupe
