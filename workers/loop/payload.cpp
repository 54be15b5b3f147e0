#include "workers/loop/payload.hpp"

#include "workers/loop/json_members.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace troupe {

namespace json = boost::json;

namespace {

using lines = std::vector<std::string>;

void check_keys(const json::object& from, const std::set<std::string_view>& known,
                const std::string& where, lines& problems) {
  for (const auto& member : from)
    if (!known.contains(member.key()))
      problems.push_back(where + ": the property '" + std::string{member.key()} + "' is not known");
}

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
  if (const auto expires = text_of(object, "expires"); !expires.empty()) {
    made.expires = parse_date_time(expires);
    if (!made.expires)
      problems.push_back(where + ".expires: must be a date-time");
  }
  if (const auto* optional = object.if_contains("optional"))
    made.optional = optional->is_bool() && optional->get_bool();
  out.artifacts.push_back(std::move(made));
}

void read_mount(const json::value& from, const std::string& where, task_payload& out,
                lines& problems) {
  const auto* content = from.is_object() ? from.get_object().if_contains("content") : nullptr;
  payload_mount made;
  if (from.is_object())
    made.file = text_of(from.get_object(), "file");
  if (made.file.empty() || content == nullptr || !content->is_object())
    return problems.push_back(where +
                              ": this worker mounts files: 'file' and 'content' are "
                              "needed");
  const auto& object = content->get_object();
  made.task_id = text_of(object, "taskId");
  made.artifact = text_of(object, "artifact");
  made.url = text_of(object, "url");
  if (const auto* raw = object.if_contains("raw"); raw && raw->is_string())
    made.raw = std::string{raw->get_string()};
  if (made.url.empty() && !made.raw && (made.task_id.empty() || made.artifact.empty()))
    return problems.push_back(where + ".content: must be an artifact of a task, a url, or raw");
  out.mounts.push_back(std::move(made));
}

template <class Read>
void read_list(const json::object& from, std::string_view key, Read read, task_payload& out,
               lines& problems) {
  const auto* list = from.if_contains(key);
  if (list == nullptr)
    return;
  if (!list->is_array())
    return problems.push_back(std::string{key} + ": must be a list");
  std::size_t number = 0;
  for (const auto& entry : list->get_array())
    read(entry, std::string{key} + "." + std::to_string(number++), out, problems);
}

void read_features(const json::object& from, task_payload& out) {
  if (const auto* features = from.if_contains("features"); features && features->is_object())
    if (const auto* proxy = features->get_object().if_contains("taskclusterProxy"))
      out.proxy = proxy->is_bool() && proxy->get_bool();
  if (const auto* logs = from.if_contains("logs"); logs && logs->is_object()) {
    if (auto live = text_of(logs->get_object(), "live"); !live.empty())
      out.live_log = live;
    if (auto backing = text_of(logs->get_object(), "backing"); !backing.empty())
      out.backing_log = backing;
  }
}

void read_exit_codes(const json::object& from, task_payload& out, lines& problems) {
  const auto* rules = from.if_contains("onExitStatus");
  if (rules == nullptr || !rules->is_object())
    return;
  const auto* retry = rules->get_object().if_contains("retry");
  if (retry == nullptr || !retry->is_array())
    return;
  for (const auto& code : retry->get_array()) {
    if (!code.is_int64() || code.get_int64() < 1)
      problems.push_back("onExitStatus.retry." + std::to_string(out.retry_codes.size()) +
                         ": Must be greater than or equal to 1");
    else
      out.retry_codes.push_back(static_cast<int>(code.get_int64()));
  }
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
  if (const auto* env = object.if_contains("env"); env && env->is_object())
    for (const auto& member : env->get_object()) {
      if (!member.value().is_string())
        problems.push_back("env." + std::string{member.key()} + ": must be a string");
      else
        out.env[std::string{member.key()}] = member.value().get_string();
    }
  read_list(object, "artifacts", read_artifact, out, problems);
  read_list(object, "mounts", read_mount, out, problems);
  read_features(object, out);
  read_exit_codes(object, out, problems);
  return out;
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
