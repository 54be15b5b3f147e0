#include "messages/task_definition.hpp"

#include "messages/json_parser.hpp"

#include <boost/json.hpp>

#include <array>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 8> priority_names = {
    "", "lowest", "very-low", "low", "medium", "high", "very-high", "highest"};

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::vector<std::string> texts_of(const json::object& object, std::string_view key) {
  std::vector<std::string> result;
  if (const auto* value = object.if_contains(key); value && value->is_array())
    for (const auto& entry : value->get_array())
      if (entry.is_string())
        result.emplace_back(entry.get_string());
  return result;
}

}  // namespace

std::string_view to_string(task_priority priority) {
  return priority_names[static_cast<std::size_t>(priority)];
}

std::optional<task_priority> parse_priority(std::string_view text) {
  for (std::size_t i = 1; i < priority_names.size(); ++i)
    if (priority_names[i] == text)
      return static_cast<task_priority>(i);
  return std::nullopt;
}

std::string_view to_string(dependency_rule rule) {
  return rule == dependency_rule::all_completed ? "all-completed" : "all-resolved";
}

std::optional<task_definition> read_definition(std::string_view text) {
  const json_glance read(text);
  if (read.object() == nullptr)
    return std::nullopt;
  const auto& object = *read.object();
  task_definition result;
  result.queue.text = text_of(object, "taskQueueId");
  result.scheduler_id = text_of(object, "schedulerId");
  result.project_id = text_of(object, "projectId");
  const auto group = task_group_id::parse(text_of(object, "taskGroupId"));
  const auto priority = parse_priority(text_of(object, "priority"));
  const auto created = parse_date_time(text_of(object, "created"));
  const auto deadline = parse_date_time(text_of(object, "deadline"));
  const auto expires = parse_date_time(text_of(object, "expires"));
  const auto* retries = object.if_contains("retries");
  if (result.queue.text.empty() || !group || !priority || !created || !deadline || !expires ||
      !retries || !retries->is_number())
    return std::nullopt;
  for (const auto& dependency : texts_of(object, "dependencies")) {
    const auto id = task_id::parse(dependency);
    if (!id)
      return std::nullopt;
    result.dependencies.push_back(*id);
  }
  result.requires_rule = text_of(object, "requires") == "all-resolved"
                             ? dependency_rule::all_resolved
                             : dependency_rule::all_completed;
  result.group = *group;
  result.priority = *priority;
  result.retries = static_cast<std::uint8_t>(retries->to_number<int>());
  result.created = *created;
  result.deadline = *deadline;
  result.expires = *expires;
  result.scopes = texts_of(object, "scopes");
  result.routes = texts_of(object, "routes");
  const auto* tags = object.if_contains("tags");
  result.tags_json = tags && tags->is_object() ? json::serialize(*tags) : "{}";
  result.json.assign(text);
  return result;
}

bool same_definition(std::string_view a_json, std::string_view b_json) {
  if (a_json == b_json)
    return true;
  boost::system::error_code a_failed;
  boost::system::error_code b_failed;
  const auto a = parse_json(a_json, a_failed);
  const auto b = parse_json(b_json, b_failed);
  return !a_failed && !b_failed && same_json(a, b);
}

}  // namespace troupe
