#include "gateways/rest/handlers/task_intake.hpp"
#include "messages/json_writer.hpp"
#include "runtime/lane/memory.hpp"

#include <boost/json.hpp>

#include <array>
#include <chrono>

namespace troupe {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto clock_drift = 15min;
constexpr auto deadline_slack = 15min;

std::string_view text_of(const json::object& body, std::string_view key) {
  const auto* value = body.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view{value->get_string()}
                                                : std::string_view{};
}

api_error wrong(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

std::vector<std::string> texts_of(const json::object& body, std::string_view key) {
  std::vector<std::string> texts;
  if (const auto* list = body.if_contains(key); list != nullptr && list->is_array()) {
    texts.reserve(list->get_array().size());
    for (const auto& item : list->get_array())
      if (item.is_string())
        texts.emplace_back(item.get_string());
  }
  return texts;
}

/// A date of the body, which then stands there in its canonical form.
outcome<timestamp> take_date(json::object& body, std::string_view key) {
  auto& value = body[key];
  const auto read = value.is_string() ? parse_date_time(value.get_string()) : std::nullopt;
  if (!read)
    return wrong("'" + std::string{key} + "' is not a date like 2026-11-24T12:00:00.000Z");
  // Most clients send the canonical form already.
  static thread_local std::string canonical;
  canonical.clear();
  append_iso(canonical, *read);
  if (value.get_string() != canonical)
    value = canonical;
  return *read;
}

/// Step 4, in the order of the contract.
outcome<void> check_dates(const task_definition& task, timestamp now, const intake_limits& limits) {
  if (task.created < now - clock_drift)
    return wrong("'created' is more than 15 minutes in the past: " + to_iso(task.created) +
                 "; the time here is " + to_iso(now));
  if (task.created > now + clock_drift)
    return wrong("'created' is more than 15 minutes in the future: " + to_iso(task.created) +
                 "; the time here is " + to_iso(now));
  if (task.created > task.deadline)
    return wrong("'created' (" + to_iso(task.created) + ") must not be after 'deadline' (" +
                 to_iso(task.deadline) + ")");
  if (task.deadline < now)
    return wrong("'deadline' has passed: " + to_iso(task.deadline) + "; the time here is " +
                 to_iso(now));
  if (task.deadline > now + 24h * limits.max_deadline_days + deadline_slack)
    return wrong("'deadline' (" + to_iso(task.deadline) + ") must be no more than " +
                 std::to_string(limits.max_deadline_days) + " days ahead");
  return {};
}

outcome<void> check_scopes(const std::vector<std::string>& scopes) {
  for (const auto& scope : scopes)
    if (scope.ends_with("**"))
      return wrong("the task scope '" + scope + "' must not end in '**'; a single '*' is enough");
  return {};
}

outcome<void> take_ids(const task_id& id, json::object& body, task_definition& task) {
  const auto group = text_of(body, "taskGroupId");
  if (group.empty()) {
    body["taskGroupId"] = id.view();
    task.group = own_group(id);
  } else if (const auto parsed = task_group_id::parse(group)) {
    task.group = *parsed;
  } else {
    return wrong("'taskGroupId' is not a slugid: '" + std::string{group} + "'");
  }
  if (const auto* list = body.if_contains("dependencies"); list != nullptr && list->is_array()) {
    task.dependencies.reserve(list->get_array().size());
    for (const auto& item : list->get_array()) {
      const auto parsed = item.is_string() ? task_id::parse(item.get_string()) : std::nullopt;
      if (!parsed)
        return wrong("'dependencies' holds something that is not a taskId");
      task.dependencies.push_back(*parsed);
    }
  }
  return {};
}

}  // namespace

outcome<void> prepare_task(json::object& body, const intake_limits& limits) {
  const std::string queue{text_of(body, "taskQueueId")};
  const std::string provisioner{text_of(body, "provisionerId")};
  const std::string worker_type{text_of(body, "workerType")};
  if (queue.empty()) {
    if (provisioner.empty() || worker_type.empty())
      return wrong(
          "the task names no queue: give 'taskQueueId', or both 'provisionerId' and 'workerType'");
    body["taskQueueId"] = provisioner + "/" + worker_type;
  } else {
    const bool both = !provisioner.empty() && !worker_type.empty();
    if (both && queue != provisioner + "/" + worker_type)
      return wrong("'taskQueueId' (" + queue +
                   ") must be the same as 'provisionerId'/'workerType' (" + provisioner + "/" +
                   worker_type + ")");
    const auto slash = queue.find('/');
    if (slash == std::string::npos)
      return wrong("'taskQueueId' must have the form provisionerId/workerType: " + queue);
    body["provisionerId"] = queue.substr(0, slash);
    body["workerType"] = queue.substr(slash + 1);
  }
  const auto* dependencies = body.if_contains("dependencies");
  if (dependencies != nullptr && dependencies->is_array() &&
      dependencies->get_array().size() > limits.max_dependencies)
    return wrong("the task has " + std::to_string(dependencies->get_array().size()) +
                 " dependencies; at most " + std::to_string(limits.max_dependencies) +
                 " are allowed here");
  return {};
}

scope_value task_scope_values::operator()(std::string_view name) const {
  // By rank of the requested priority.
  static const auto priorities = [] {
    std::array<json::value, 8> lists;
    for (int requested = 1; requested <= 7; ++requested) {
      json::array list;
      for (int rank = requested; rank <= 7; ++rank)
        list.emplace_back(to_string(static_cast<task_priority>(rank)));
      lists[static_cast<std::size_t>(requested)] = std::move(list);
    }
    return lists;
  }();
  if (name != "priorities")
    return body_.if_contains(name);
  const auto requested = parse_priority(text_of(body_, "priority"));
  return &priorities[static_cast<std::size_t>(requested.value_or(task_priority::lowest))];
}

outcome<task_definition_ptr> define_task(const task_id& id, json::object& body, timestamp now,
                                         const intake_limits& limits) {
  auto task = std::make_shared<task_definition>();
  TROUPE_CHECK(take_ids(id, body, *task));
  TROUPE_TRY(task->created, take_date(body, "created"));
  TROUPE_TRY(task->deadline, take_date(body, "deadline"));
  TROUPE_CHECK(check_dates(*task, now, limits));
  if (body.contains("expires")) {
    TROUPE_TRY(task->expires, take_date(body, "expires"));
  } else {
    task->expires = one_year_later(task->deadline);
    body["expires"] = to_iso(task->expires);
  }
  if (task->expires < task->deadline)
    return wrong("'expires' (" + to_iso(task->expires) + ") must not be before 'deadline' (" +
                 to_iso(task->deadline) + ")");
  task->scopes = texts_of(body, "scopes");
  TROUPE_CHECK(check_scopes(task->scopes));
  task->routes = texts_of(body, "routes");
  task->queue.text = text_of(body, "taskQueueId");
  task->scheduler_id = text_of(body, "schedulerId");
  task->project_id = text_of(body, "projectId");
  task->requires_rule = text_of(body, "requires") == to_string(dependency_rule::all_resolved)
                            ? dependency_rule::all_resolved
                            : dependency_rule::all_completed;
  task->priority = parse_priority(text_of(body, "priority")).value_or(task_priority::lowest);
  if (const auto* retries = body.if_contains("retries"); retries != nullptr && retries->is_number())
    task->retries = static_cast<std::uint8_t>(retries->to_number<double>());
  if (const auto* tags = body.if_contains("tags"); tags != nullptr && tags->is_object())
    append_json(task->tags_json, *tags);
  else
    task->tags_json = "{}";
  json::value whole(std::move(body), body.storage());
  append_json(task->json, whole);
  expect_more_like(task->json.data());
  return task_definition_ptr{std::move(task)};
}

}  // namespace troupe
