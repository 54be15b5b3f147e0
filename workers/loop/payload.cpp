#include "workers/loop/payload.hpp"

#include "workers/loop/json_members.hpp"
#include "workers/loop/payload_parts.hpp"

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
  const auto type = text_of(object, "type");
  made.directory = type == "directory";
  if (type != "file" && type != "directory")
    problems.push_back(where + ".type: must be 'file' or 'directory'");
  made.path = text_of(object, "path");
  if (made.path.empty())
    problems.push_back(where + ".path: must name a file or directory");
  made.name = text_of(object, "name");
  if (made.name.empty())
    made.name = made.path;
  made.content_type = text_of(object, "contentType");
  made.content_encoding = text_of(object, "contentEncoding");
  if (!made.content_encoding.empty() && made.content_encoding != "gzip" &&
      made.content_encoding != "identity")
    problems.push_back(where + ".contentEncoding: must be 'gzip' or 'identity'");
  if (const auto expires = text_of(object, "expires"); !expires.empty()) {
    made.expires = parse_date_time(expires);
    if (!made.expires)
      problems.push_back(where + ".expires: must be a date-time");
  }
  if (const auto* optional = object.if_contains("optional"))
    made.optional = optional->is_bool() && optional->get_bool();
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

void read_features(const json::object& from, task_payload& out, lines& problems) {
  const auto* features = from.if_contains("features");
  if (features == nullptr)
    return;
  if (!features->is_object())
    return problems.push_back("features: must be an object");
  bool ignored = false;
  const std::map<std::string_view, bool*> offered = {
      {"taskclusterProxy", &out.proxy},
      {"liveLog", &out.keeps_live_log},
      {"backingLog", &out.keeps_backing_log},
      {"resourceMonitor", &ignored},  // only ever writes to the log
  };
  for (const auto& member : features->get_object()) {
    const auto where = "features." + std::string{member.key()};
    const auto known = offered.find(std::string_view{member.key()});
    if (!member.value().is_bool())
      problems.push_back(where + ": must be true or false");
    else if (known != offered.end())
      *known->second = member.value().get_bool();
    else if (member.value().get_bool())
      problems.push_back(where + ": this worker does not offer it");
  }
}

void read_log_names(const json::object& from, task_payload& out, lines& problems) {
  const auto* logs = from.if_contains("logs");
  if (logs == nullptr)
    return;
  if (!logs->is_object())
    return problems.push_back("logs: must be an object");
  check_keys(logs->get_object(), {"live", "backing"}, "logs", problems);
  if (auto live = text_of(logs->get_object(), "live"); !live.empty())
    out.live_log = std::move(live);
  if (auto backing = text_of(logs->get_object(), "backing"); !backing.empty())
    out.backing_log = std::move(backing);
}

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

}  // namespace

task_payload read_payload(const json::value& payload, lines& problems) {
  task_payload out;
  if (!payload.is_object()) {
    problems.emplace_back("the payload must be an object");
    return out;
  }
  const auto& object = payload.get_object();
  check_keys(object,
             {"command", "env", "maxRunTime", "artifacts", "mounts", "features", "logs",
              "onExitStatus", "osGroups", "supersederUrl", "taskclusterProxyInterface"},
             "payload", problems);
  read_commands(object, out, problems);
  const auto* limit = object.if_contains("maxRunTime");
  if (limit == nullptr || !limit->is_int64() || limit->get_int64() < 1)
    problems.emplace_back("maxRunTime: must be a number of seconds, at least 1");
  else
    out.max_run_time = std::chrono::seconds{limit->get_int64()};
  read_env(object, out, problems);
  read_list(object, "artifacts", read_artifact, out, problems);
  read_list(object, "mounts", read_mount, out, problems);
  read_features(object, out, problems);
  read_log_names(object, out, problems);
  read_exit_codes(object, out, problems);
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

std::string content_type_of(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> known = {{
      {".log", "text/plain; charset=utf-8"},
      {".txt", "text/plain; charset=utf-8"},
      {".html", "text/html; charset=utf-8"},
      {".json", "application/json"},
      {".jsonl", "application/jsonl"},
      {".xml", "text/xml; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".svg", "image/svg+xml"},
      {".gz", "application/gzip"},
      {".zip", "application/zip"},
      {".pdf", "application/pdf"},
  }};
  for (const auto& [ending, type] : known)
    if (name.ends_with(ending))
      return std::string{type};
  return "application/octet-stream";
}

bool is_compressed(std::string_view name) {
  static constexpr std::string_view endings[] = {
      "7z",   "aab",  "apk",  "br",  "bz2",  "deb",   "dmg", "flv", "gif", "gz",  "jar",
      "jpeg", "jpg",  "lz",   "lz4", "mz",   "npz",   "pkg", "png", "sz",  "swf", "tbz",
      "tgz",  "wasm", "webp", "whl", "woff", "woff2", "xpi", "xz",  "zip", "zst", "zz"};
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos)
    return false;
  const auto ending = name.substr(dot + 1);
  return std::find(std::begin(endings), std::end(endings), ending) != std::end(endings);
}

}  // namespace troupe
