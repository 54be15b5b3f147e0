// The mounts of a payload: the workers contract, section 3.1.2.

#include "messages/json_members.hpp"
#include "runtime/crypto/base64.hpp"
#include "workers/engines/payload_parts.hpp"
#include "workers/files/unpacking.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_text = 65536;

void read_text(const json::object& from, const std::string& where, mount_content& out,
               lines& problems) {
  for (const auto* key : {"raw", "base64"}) {
    const auto* value = from.if_contains(key);
    if (value == nullptr)
      continue;
    const auto at = where + "." + key;
    if (!value->is_string())
      problems.push_back(at + ": must be a string");
    else if (value->get_string().size() > longest_text)
      problems.push_back(at + ": must not be longer than " + std::to_string(longest_text));
    else if (std::string_view{key} == "raw")
      out.text = value->get_string();
    else if (!decode_base64(value->get_string(), out.text.emplace()))
      problems.push_back(at + ": must be base64");
  }
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void read_content(const json::value& from, const std::string& where, mount_content& out,
                  lines& problems) {
  if (!from.is_object())
    return problems.push_back(where + ": must be an object");
  const auto& object = from.get_object();
  check_keys(object, {"artifact", "taskId", "namespace", "sha256", "url", "raw", "base64"}, where,
             problems);
  out.task_id = read_string(object, "taskId", where, problems);
  out.index_path = read_string(object, "namespace", where, problems);
  out.artifact = read_string(object, "artifact", where, problems);
  out.url = read_string(object, "url", where, problems);
  out.sha256 = read_string(object, "sha256", where, problems);
  read_text(object, where, out, problems);
  const bool of_task = !out.task_id.empty() && !out.artifact.empty();
  const bool of_index = !out.index_path.empty() && !out.artifact.empty();
  const bool of_url = !out.url.empty();
  const bool one_of_all =
      of_task + of_index + of_url + object.contains("raw") + object.contains("base64") == 1;
  if (!one_of_all || (!out.artifact.empty() && of_url))
    problems.push_back(where +
                       ": must be one of an artifact of a task (taskId) or of the index "
                       "(namespace), a url, raw or base64");
  if (of_url && !out.url.starts_with("http://") && !out.url.starts_with("https://"))
    problems.push_back(where + ".url: must begin with http:// or https://");
  if (object.contains("sha256") && !is_sha256(out.sha256))
    problems.push_back(where + ".sha256: must be 64 hexadecimal digits in lower case");
}

void check_place(const std::string& place, const std::string& where, lines& problems) {
  const auto path = path_within(place);
  if (!path || path->empty())
    problems.push_back(where + ": must be a path within the directory of the task");
}

void check_format(const payload_mount& mount, const std::string& where, lines& problems) {
  if (mount.format.empty())
    return;
  const bool known =
      mount.file.empty() ? unpacks_archive(mount.format) : unpacks_file(mount.format);
  if (!known)
    problems.push_back(where + ".format: this worker unpacks " +
                       (mount.file.empty() ? archive_formats() : file_formats()) + ", not '" +
                       mount.format + "'");
}

void check_combination(const payload_mount& mount, bool has_content, const std::string& where,
                       lines& problems) {
  const bool has_format = !mount.format.empty();
  if (!mount.file.empty() && !has_content)
    problems.push_back(where + ": a file needs 'content'");
  else if (mount.file.empty() && mount.cache_name.empty() && (!has_content || !has_format))
    problems.push_back(where + ": a directory needs 'cacheName', or 'content' and 'format'");
  else if (!mount.cache_name.empty() && has_content != has_format)
    problems.push_back(where + ": a cache is loaded by 'content' and 'format' together");
}

}  // namespace

void read_mount(const json::value& from, const std::string& where, task_payload& out,
                lines& problems) {
  if (!from.is_object())
    return problems.push_back(where + ": must be an object");
  const auto& object = from.get_object();
  payload_mount made;
  made.file = read_string(object, "file", where, problems);
  made.directory = read_string(object, "directory", where, problems);
  made.cache_name = read_string(object, "cacheName", where, problems);
  made.format = read_string(object, "format", where, problems);
  if (made.file.empty() == made.directory.empty())
    return problems.push_back(where + ": must have either 'file' or 'directory'");
  if (made.directory.empty())
    check_keys(object, {"file", "content", "format"}, where, problems);
  else
    check_keys(object, {"directory", "cacheName", "content", "format"}, where, problems);
  for (const auto* key : {"cacheName", "format"})
    if (const auto* text = object.if_contains(key);
        text != nullptr && text->is_string() && text->get_string().empty())
      problems.push_back(where + "." + key + ": must not be empty");
  const auto* content = object.if_contains("content");
  if (content != nullptr)
    read_content(*content, where + ".content", made.content, problems);
  check_place(made.file + made.directory, where + (made.file.empty() ? ".directory" : ".file"),
              problems);
  check_format(made, where, problems);
  check_combination(made, content != nullptr, where, problems);
  out.mounts.push_back(std::move(made));
}

void check_mounts(const task_payload& payload, const json::object& task, lines& problems) {
  const auto* dependencies = task.if_contains("dependencies");
  const auto depends_on = [dependencies](const std::string& id) {
    if (dependencies == nullptr || !dependencies->is_array())
      return false;
    const auto& all = dependencies->get_array();
    return std::find(all.begin(), all.end(), json::value(id)) != all.end();
  };
  for (std::size_t i = 0; i < payload.mounts.size(); ++i)
    if (const auto& id = payload.mounts[i].content.task_id; !id.empty() && !depends_on(id))
      problems.push_back("mounts." + std::to_string(i) +
                         ".content.taskId: the task must depend on " + id);
}

}  // namespace troupe
