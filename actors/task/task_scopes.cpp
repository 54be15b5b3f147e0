#include "actors/task/task_scopes.hpp"

#include "runtime/scopes/demand.hpp"

namespace troupe {

namespace {

// Seconds since the epoch with as many digits as are needed: `1788258001.25`.
std::string seconds_text(timestamp t) {
  auto text = std::to_string(t.ms / 1000);
  auto fraction = std::to_string(1000 + t.ms % 1000).substr(1);
  while (!fraction.empty() && fraction.back() == '0')
    fraction.pop_back();
  return fraction.empty() ? text : text + "." + fraction;
}

}  // namespace

outcome<void> authorise_on_task(const caller& by, std::string_view verb, const task_id& task,
                                const task_definition& definition) {
  const auto method = "queue:" + std::string{verb} + "-task";
  const auto place = definition.scheduler_id + "/" + definition.group.str();
  using e = scope_expression;
  return demand_scopes(by,
                       e::any({e::one(method + ":" + place + "/" + task.str()),
                               e::one(method + "-in-project:" + definition.project_id),
                               e::all({e::one(method), e::one("assume:scheduler-id:" + place)})}));
}

outcome<void> authorise_priority(const caller& by, const task_id& task,
                                 const task_definition& definition) {
  using e = scope_expression;
  return demand_scopes(
      by, e::any({e::one("queue:change-task-priority:" + task.str()),
                  e::one("queue:change-task-priority-in-queue:" + definition.queue.text)}));
}

outcome<void> authorise_claim(const caller& by, const task_queue_id& queue,
                              const worker_name& worker) {
  using e = scope_expression;
  return demand_scopes(by, e::all({e::one("queue:claim-task:" + queue.text),
                                   e::one("queue:worker-id:" + worker.group + "/" + worker.id)}));
}

outcome<void> authorise_on_group(const caller& by, std::string_view verb,
                                 std::string_view scheduler_id, const task_group_id& group) {
  std::string scope{"queue:"};
  scope.append(verb).append(1, ':').append(scheduler_id).append(1, '/').append(group.view());
  return demand_scopes(by, scope_expression::one(std::move(scope)));
}

outcome<void> authorise_artifacts(const caller& by, const std::vector<std::string>& names) {
  std::vector<scope_expression> all;
  for (const auto& name : names)
    all.push_back(scope_expression::one("queue:get-artifact:" + name));
  return demand_scopes(by, scope_expression::all(std::move(all)));
}

std::string run_credentials(const credential_issuer& issuer, const task_id& task, run_id run,
                            const worker_name& worker, timestamp now, timestamp taken_until,
                            const std::vector<std::string>& task_scopes, std::string_view seed) {
  const auto place = task.str() + "/" + std::to_string(run);
  scope_list scopes = {"queue:reclaim-task:" + place, "queue:resolve-task:" + place,
                       "queue:create-artifact:" + place};
  scopes.insert(scopes.end(), task_scopes.begin(), task_scopes.end());
  const auto name = "task-client/" + place + "/on/" + worker.group + "/" + worker.id + "/until/" +
                    seconds_text(taken_until);
  return credentials_json(issuer.issue(name, scopes, now, taken_until, seed));
}

}  // namespace troupe
