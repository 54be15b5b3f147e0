#include "messages/task_definition.hpp"

#include "messages/json_parser.hpp"
#include "messages/json_walk.hpp"

#include <boost/json.hpp>

#include <array>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 8> priority_names = {
    "", "lowest", "very-low", "low", "medium", "high", "very-high", "highest"};

// Readers of the members of a stored definition, by their keys. Each says whether it could make
// sense of the value.

bool read_texts(std::string_view value, std::vector<std::string>& out) {
  auto entries = json_walk::entries(value);
  while (entries.next())
    if (!read_json_string(entries.value(), out.emplace_back()))
      return false;
  return entries.complete();
}

bool read_priority(std::string_view value, task_priority& out) {
  const auto text = plain_json_string(value);
  const auto priority = text ? parse_priority(*text) : std::nullopt;
  out = priority.value_or(task_priority::lowest);
  return priority.has_value();
}

bool read_rule(std::string_view value, dependency_rule& out) {
  const auto text = plain_json_string(value);
  out = text == to_string(dependency_rule::all_resolved) ? dependency_rule::all_resolved
                                                         : dependency_rule::all_completed;
  return text.has_value();
}

bool read_member(std::string_view key, std::string_view value, task_definition& out) {
  if (key == "taskQueueId")
    return read_json_string(value, out.queue.text);
  if (key == "schedulerId")
    return read_json_string(value, out.scheduler_id);
  if (key == "projectId")
    return read_json_string(value, out.project_id);
  if (key == "taskGroupId")
    return read_json_id(value, out.group);
  if (key == "dependencies")
    return read_json_ids(value, out.dependencies);
  if (key == "requires")
    return read_rule(value, out.requires_rule);
  if (key == "priority")
    return read_priority(value, out.priority);
  if (key == "retries")
    return read_json_number(value, out.retries);
  if (key == "created")
    return read_json_date(value, out.created);
  if (key == "deadline")
    return read_json_date(value, out.deadline);
  if (key == "expires")
    return read_json_date(value, out.expires);
  if (key == "scopes")
    return read_texts(value, out.scopes);
  if (key == "routes")
    return read_texts(value, out.routes);
  if (key == "tags")
    out.tags_json.assign(value);
  return true;
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
  task_definition result;
  result.tags_json = "{}";
  constexpr task_priority none{};
  constexpr std::uint8_t too_many = 255;
  result.priority = none;
  result.retries = too_many;
  auto members = json_walk::members(text);
  while (members.next())
    if (!read_member(members.key(), members.value(), result))
      return std::nullopt;
  if (!members.complete() || result.queue.text.empty() || !result.group ||
      result.priority == none || result.retries == too_many || result.created.ms == 0 ||
      result.deadline.ms == 0 || result.expires.ms == 0)
    return std::nullopt;
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
