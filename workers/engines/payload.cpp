#include "workers/engines/payload.hpp"

#include "messages/json_members.hpp"
#include "workers/engines/payload_parts.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace troupe {

namespace json = boost::json;

void check_keys(const json::object& from, const std::set<std::string_view>& known,
                const std::string& where, lines& problems) {
  for (const auto& member : from)
    if (!known.contains(member.key()))
      problems.push_back(where + ": the property '" + std::string{member.key()} + "' is not known");
}

std::string read_string(const json::object& from, std::string_view key, const std::string& where,
                        lines& problems) {
  const auto* value = from.if_contains(key);
  if (value == nullptr)
    return {};
  if (value->is_string())
    return std::string{value->get_string()};
  problems.push_back(where + (where.empty() ? "" : ".") + std::string{key} + ": must be a string");
  return {};
}

namespace {

void read_commands(const json::object& from, task_payload& out, lines& problems) {
  const auto* commands = from.if_contains("command");
  if (commands == nullptr || !commands->is_array() || commands->get_array().empty())
    return problems.push_back(
        "command: must be a list of commands, each a list of strings, with at least one");
  for (const auto& entry : commands->get_array()) {
    std::vector<std::string> words;
    if (entry.is_array())
      for (const auto& word : entry.get_array())
        if (word.is_string())
          words.emplace_back(word.get_string());
    if (!entry.is_array() || words.empty() || words.size() != entry.get_array().size())
      problems.push_back("command." + std::to_string(out.commands.size()) +
                         ": must be a list of strings with at least one");
    out.commands.push_back(std::move(words));
  }
}

void read_artifact(const json::value& from, const std::string& where, task_payload& out,
                   lines& problems) {
  if (!from.is_object())
    return problems.push_back(where + ": must be an object");
  const auto& object = from.get_object();
  check_keys(object,
             {"type", "path", "name", "expires", "contentType", "contentEncoding", "optional"},
             where, problems);
  payload_artifact made;
  const auto type = read_string(object, "type", where, problems);
  made.directory = type == "directory";
  if (type != "file" && type != "directory")
    problems.push_back(where + ".type: must be 'file' or 'directory'");
  made.path = read_string(object, "path", where, problems);
  if (made.path.empty())
    problems.push_back(where + ".path: must name a file or directory");
  made.name = read_string(object, "name", where, problems);
  if (made.name.empty())
    made.name = made.path;
  made.content_type = read_string(object, "contentType", where, problems);
  made.content_encoding = read_string(object, "contentEncoding", where, problems);
  if (!made.content_encoding.empty() && made.content_encoding != "gzip" &&
      made.content_encoding != "identity")
    problems.push_back(where + ".contentEncoding: must be 'gzip' or 'identity'");
  if (const auto expires = read_string(object, "expires", where, problems); !expires.empty()) {
    made.expires = parse_date_time(expires);
    if (!made.expires)
      problems.push_back(where + ".expires: must be a date-time");
  }
  if (const auto* optional = object.if_contains("optional")) {
    made.optional = optional->is_bool() && optional->get_bool();
    if (!optional->is_bool())
      problems.push_back(where + ".optional: must be true or false");
  }
  out.artifacts.push_back(std::move(made));
}

template <class Read>
void read_list(const json::object& from, std::string_view key, Read read, task_payload& out,
               lines& problems) {
  const auto* list = from.if_contains(key);
  if (list == nullptr)
    return;
  if (!list->is_array())
    return problems.push_back(std::string{key} + ": must be a list");
  std::set<std::string> seen;
  std::size_t number = 0;
  for (const auto& entry : list->get_array()) {
    const auto where = std::string{key} + "." + std::to_string(number++);
    if (!seen.insert(json::serialize(entry)).second)
      problems.push_back(where + ": must be unique");
    read(entry, where, out, problems);
  }
}

void read_log_names(const json::object& from, task_payload& out, lines& problems) {
  const auto* logs = from.if_contains("logs");
  if (logs == nullptr)
    return;
  if (!logs->is_object())
    return problems.push_back("logs: must be an object");
  check_keys(logs->get_object(), {"live", "backing"}, "logs", problems);
  if (auto live = read_string(logs->get_object(), "live", "logs", problems); !live.empty())
    out.live_log = std::move(live);
  if (auto backing = read_string(logs->get_object(), "backing", "logs", problems); !backing.empty())
    out.backing_log = std::move(backing);
}

void read_codes(const json::object& from, std::string_view key, std::int64_t least,
                std::vector<int>& out, lines& problems) {
  const auto where = "onExitStatus." + std::string{key};
  const auto* codes = from.if_contains(key);
  if (codes == nullptr)
    return;
  if (!codes->is_array())
    return problems.push_back(where + ": must be a list of exit codes");
  std::size_t number = 0;
  for (const auto& code : codes->get_array()) {
    const auto at = where + "." + std::to_string(number++);
    if (!code.is_int64())
      problems.push_back(at + ": must be an exit code");
    else if (code.get_int64() < least)
      problems.push_back(at + ": Must be greater than or equal to " + std::to_string(least));
    else
      out.push_back(static_cast<int>(code.get_int64()));
  }
}

}  // namespace

void read_env(const json::object& from, task_payload& out, lines& problems) {
  const auto* env = from.if_contains("env");
  if (env == nullptr)
    return;
  if (!env->is_object())
    return problems.push_back("env: must be an object");
  for (const auto& member : env->get_object()) {
    if (!member.value().is_string())
      problems.push_back("env." + std::string{member.key()} + ": must be a string");
    else
      out.env[std::string{member.key()}] = member.value().get_string();
  }
}

void read_exit_codes(const json::object& from, task_payload& out, lines& problems) {
  const auto* rules = from.if_contains("onExitStatus");
  if (rules == nullptr)
    return;
  if (!rules->is_object())
    return problems.push_back("onExitStatus: must be an object");
  check_keys(rules->get_object(), {"retry", "purgeCaches"}, "onExitStatus", problems);
  read_codes(rules->get_object(), "retry", 1, out.retry_codes, problems);
  read_codes(rules->get_object(), "purgeCaches", 0, out.purge_codes, problems);
}

void read_max_run_time(const json::object& from, task_payload& out, lines& problems) {
  const auto* limit = from.if_contains("maxRunTime");
  if (limit == nullptr || !limit->is_int64() || limit->get_int64() < 1)
    problems.emplace_back("maxRunTime: must be a number of seconds, at least 1");
  else
    out.max_run_time = std::chrono::seconds{limit->get_int64()};
}

task_payload read_payload(const json::value& payload, lines& problems) {
  task_payload out;
  if (!payload.is_object()) {
    problems.emplace_back("the payload must be an object");
    return out;
  }
  const auto& object = payload.get_object();
  if (object.contains("image")) {
    problems.emplace_back(
        "image: this worker runs no containers; give the task to a worker that is started with "
        "--engine container");
    return out;
  }
  check_keys(object,
             {"command", "env", "maxRunTime", "artifacts", "mounts", "features", "logs",
              "onExitStatus", "osGroups", "supersederUrl", "taskclusterProxyInterface"},
             "payload", problems);
  read_commands(object, out, problems);
  read_max_run_time(object, out, problems);
  read_env(object, out, problems);
  read_list(object, "artifacts", read_artifact, out, problems);
  read_list(object, "mounts", read_mount, out, problems);
  read_features(object, out, problems);
  read_log_names(object, out, problems);
  read_exit_codes(object, out, problems);
  read_surroundings(object, problems);
  return out;
}

void check_payload(const task_payload& payload, const json::object& task, lines& problems) {
  constexpr std::chrono::seconds tolerance{1};
  const auto deadline = parse_date_time(text_of(task, "deadline"));
  const auto expires = parse_date_time(text_of(task, "expires"));
  for (std::size_t i = 0; i < payload.artifacts.size(); ++i) {
    const auto& when = payload.artifacts[i].expires;
    const auto where = "artifacts." + std::to_string(i) + ".expires: ";
    if (when && deadline && *when + tolerance < *deadline)
      problems.push_back(where + "must not be before the deadline of the task, " +
                         to_iso(*deadline));
    if (when && expires && *when > *expires + tolerance)
      problems.push_back(where + "must not be after the task expires, " + to_iso(*expires));
  }
  check_mounts(payload, task, problems);
}

}  // namespace troupe
