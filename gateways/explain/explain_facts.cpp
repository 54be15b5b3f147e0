#include "gateways/explain/explain_facts.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

std::string_view text_of(const json::object& of, std::string_view name) {
  const auto* value = of.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view{value->get_string()}
                                                : std::string_view{};
}

std::uint64_t number_of(const json::object& of, std::string_view name) {
  const auto* value = of.if_contains(name);
  boost::system::error_code failed;
  return value == nullptr ? 0 : value->to_number<std::uint64_t>(failed);
}

bool flag_of(const json::object& of, std::string_view name) {
  const auto* value = of.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

timestamp date_of(const json::object& of, std::string_view name) {
  return parse_date_time(text_of(of, name)).value_or(timestamp{});
}

const json::object* object_of(const json::object& of, std::string_view name) {
  const auto* value = of.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array& list_of(const json::object& of, std::string_view name) {
  static const json::array none;
  const auto* value = of.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

run_facts read_run(const json::object& told) {
  run_facts run;
  run.id = static_cast<run_id>(number_of(told, "runId"));
  run.resolved_as = text_of(told, "reasonResolved");
  run.started = date_of(told, "started");
  run.taken_until = date_of(told, "takenUntil");
  run.resolved = date_of(told, "resolved");
  if (run.started.ms != 0)
    run.worker.append(text_of(told, "workerGroup")).append("/").append(text_of(told, "workerId"));
  return run;
}

queue_facts read_queue(const json::object& told, task_priority priority) {
  queue_facts queue;
  queue.waits = flag_of(told, "waits");
  queue.ahead = number_of(told, "ahead");
  queue.pending = number_of(told, "pending");
  queue.claimed = number_of(told, "claimed");
  queue.waiting_claims = number_of(told, "waitingClaims");
  queue.barred_claims = number_of(told, "barredClaims");
  queue.working_workers = number_of(told, "workingWorkers");
  if (const auto* ahead = object_of(told, "aheadByPriority"))
    queue.ahead_above = queue.ahead - number_of(*ahead, to_string(priority));
  return queue;
}

pool_facts read_pool(const json::object& told) {
  pool_facts pool;
  pool.starting = number_of(told, "starting");
  pool.running = number_of(told, "running");
  pool.stopping = number_of(told, "stopping");
  pool.max_workers = number_of(told, "maxWorkers");
  pool.failures = number_of(told, "failures");
  pool.last_failure = text_of(told, "lastFailure");
  pool.next_start = date_of(told, "nextStart");
  return pool;
}

}  // namespace

task_facts read_task_facts(const json::object& told) {
  task_facts task;
  if (const auto* status = object_of(told, "status")) {
    task.id = task_id::parse(text_of(*status, "taskId")).value_or(task_id{});
    task.state = text_of(*status, "state");
    task.queue.text = text_of(*status, "taskQueueId");
    task.group = task_group_id::parse(text_of(*status, "taskGroupId")).value_or(task_group_id{});
    task.priority = parse_priority(text_of(*status, "priority")).value_or(task_priority::lowest);
    task.deadline = date_of(*status, "deadline");
    task.retries_left = number_of(*status, "retriesLeft");
    const auto& runs = list_of(*status, "runs");
    if (!runs.empty() && runs.back().is_object())
      task.last_run = read_run(runs.back().get_object());
  }
  task.created = date_of(told, "created");
  if (text_of(told, "requires") == to_string(dependency_rule::all_resolved))
    task.requires_rule = dependency_rule::all_resolved;
  task.dependencies = number_of(told, "dependencies");
  task.open = number_of(told, "open");
  for (const auto& id : list_of(told, "openDependencies"))
    if (const auto parsed = id.is_string() ? task_id::parse(id.get_string()) : std::nullopt)
      task.open_dependencies.push_back(*parsed);
  task.enqueued_us = number_of(told, "enqueuedUs");
  return task;
}

explain_facts read_facts(const json::object& told, timestamp now) {
  explain_facts facts;
  facts.now = now;
  if (const auto* task = object_of(told, "task"))
    facts.task = read_task_facts(*task);
  for (const auto& entry : list_of(told, "dependencies"))
    if (const auto* of = entry.if_object())
      facts.dependencies.push_back({std::string{text_of(*of, "taskId")},
                                    std::string{text_of(*of, "state")},
                                    std::string{text_of(*of, "reasonResolved")}});
  if (const auto* queue = object_of(told, "queue"))
    facts.queue = read_queue(*queue, facts.task.priority);
  if (const auto* workers = object_of(told, "workers"))
    facts.workers = worker_facts{number_of(*workers, "known"), number_of(*workers, "quarantined"),
                                 date_of(*workers, "lastActive")};
  if (const auto* pool = object_of(told, "pool"))
    facts.pool = read_pool(*pool);
  if (const auto* group = object_of(told, "group"))
    facts.group = group_facts{date_of(*group, "sealed"), flag_of(*group, "canceling")};
  return facts;
}

json::object dependency_entry(std::string_view id, const json::object& answered) {
  json::object entry{{"taskId", id}, {"state", "gone"}};
  const auto* status = object_of(answered, "status");
  if (status == nullptr)
    return entry;
  entry["state"] = text_of(*status, "state");
  const auto& runs = list_of(*status, "runs");
  if (runs.empty() || !runs.back().is_object())
    return entry;
  if (const auto reason = text_of(runs.back().get_object(), "reasonResolved"); !reason.empty())
    entry["reasonResolved"] = reason;
  return entry;
}

}  // namespace troupe
