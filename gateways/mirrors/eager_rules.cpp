#include "gateways/mirrors/eager_rules.hpp"

#include "messages/json_members.hpp"

#include <boost/json.hpp>

#include <array>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::string_view pending_exchange = "exchange/taskcluster-queue/v1/task-pending";
constexpr std::string_view log_prefix = "public/logs/";

json::object read_object(std::string_view text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return failed || !value.is_object() ? json::object{} : std::move(value.get_object());
}

// The member, if it is a list; an empty one otherwise.
json::array list_in(const json::object& from, std::string_view name) {
  const auto* found = from.if_contains(name);
  return found != nullptr && found->is_array() ? found->get_array() : json::array{};
}

const json::object* object_in(const json::object& from, std::string_view name) {
  const auto* found = from.if_contains(name);
  return found == nullptr ? nullptr : found->if_object();
}

}  // namespace

std::optional<pending_task> pending_task_of(const event& what) {
  if (what.exchange != pending_exchange)
    return std::nullopt;
  // primary.<taskId>.<runId>.<workerGroup>.<workerId>.<provisionerId>.<workerType>...
  std::array<std::string_view, 7> words;
  auto rest = what.routing_key;
  for (auto& word : words) {
    const auto end = rest.find('.');
    if (end == std::string_view::npos)
      return std::nullopt;
    word = rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  const auto id = task_id::parse(words[1]);
  if (!id)
    return std::nullopt;
  return pending_task{*id, std::string{words[5]} + "/" + std::string{words[6]}};
}

std::vector<needed_artifact> mounted_artifacts(std::string_view definition) {
  std::vector<needed_artifact> found;
  const auto task = read_object(definition);
  const auto* payload = object_in(task, "payload");
  if (payload == nullptr)
    return found;
  for (const auto& mount : list_in(*payload, "mounts")) {
    const auto* content = mount.is_object() ? object_in(mount.get_object(), "content") : nullptr;
    if (content == nullptr)
      continue;
    const auto id = task_id::parse(text_of(*content, "taskId"));
    auto name = text_of(*content, "artifact");
    if (id && !name.empty())
      found.push_back({*id, std::move(name)});
  }
  return found;
}

std::vector<task_id> required_tasks(std::string_view definition) {
  std::vector<task_id> found;
  for (const auto& required : list_in(read_object(definition), "dependencies"))
    if (const auto* text = required.if_string())
      if (const auto id = task_id::parse(std::string_view{*text}))
        found.push_back(*id);
  return found;
}

std::vector<std::string> copyable_names(std::string_view page) {
  std::vector<std::string> names;
  for (const auto& artifact : list_in(read_object(page), "artifacts")) {
    const auto type = text_of(artifact, "storageType");
    auto name = text_of(artifact, "name");
    if ((type == "s3" || type == "object") && !name.starts_with(log_prefix))
      names.push_back(std::move(name));
  }
  return names;
}

}  // namespace troupe
