#include "workers/engines/script/upstream_artifacts.hpp"

#include "messages/ids.hpp"
#include "messages/json_members.hpp"
#include "workers/engines/engine.hpp"
#include "workers/files/copying.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>

namespace troupe {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr std::size_t longest_path = 1024;
constexpr std::string_view tag = "[upstream-artifacts] ";

void read_path(const json::value& from, const std::string& where, upstream_artifacts& into,
               std::vector<std::string>& problems) {
  if (!from.is_string())
    return problems.push_back(where + ": must be a string");
  const std::string path{from.get_string()};
  if (const auto wrong = problem_of_path(path); !wrong.empty())
    return problems.push_back(where + ": " + wrong);
  if (path.find('*') != std::string::npos && !into.optional)
    return problems.push_back(where + ": may have a '*' only if the entry is optional");
  into.paths.push_back(path);
}

upstream_artifacts read_entry(const json::value& from, const std::string& where,
                              std::vector<std::string>& problems) {
  upstream_artifacts made;
  if (!from.is_object()) {
    problems.push_back(where + ": must be an object");
    return made;
  }
  const auto& entry = from.get_object();
  made.task_id = text_of(entry, "taskId");
  if (!is_slugid(made.task_id))
    problems.push_back(where + ".taskId: must be the id of a task");
  if (const auto* optional = entry.if_contains("optional")) {
    if (!optional->is_bool())
      problems.push_back(where + ".optional: must be true or false");
    made.optional = optional->is_bool() && optional->get_bool();
  }
  const auto* paths = entry.if_contains("paths");
  if (paths == nullptr || !paths->is_array()) {
    problems.push_back(where + ".paths: must be a list of names of artifacts");
    return made;
  }
  for (std::size_t i = 0; i < paths->get_array().size(); ++i)
    read_path(paths->get_array()[i], where + ".paths." + std::to_string(i), made, problems);
  return made;
}

// The names of all artifacts of a task.
outcome<std::vector<std::string>> names_of(const std::string& task, run_desk& desk) {
  std::vector<std::string> names;
  std::string from;
  do {
    TROUPE_TRY(const auto page, desk.get("/api/queue/v1/task/" + task + "/artifacts?limit=1000" +
                                         (from.empty() ? "" : "&continuationToken=" + from)));
    if (const auto* list = page.if_contains("artifacts"); list != nullptr && list->is_array())
      for (const auto& one : list->get_array())
        names.push_back(text_of(one, "name"));
    from = text_of(page, "continuationToken");
  } while (!from.empty());
  return names;
}

// Those of the optional paths that are there: with sums, what has one. A name comes from the task
// that made the artifact, so it is looked at as one of the payload is.
outcome<std::vector<std::string>> present_of(const upstream_artifacts& wanted,
                                             const artifact_sums* sums, run_desk& desk) {
  std::vector<std::string> names;
  if (sums == nullptr) {
    TROUPE_TRY(names, names_of(wanted.task_id, desk));
  } else if (const auto of_task = sums->find(wanted.task_id); of_task != sums->end()) {
    for (const auto& [name, sum] : of_task->second)
      names.push_back(name);
  }
  std::vector<std::string> found;
  for (const auto& name : names) {
    const bool is_wanted =
        std::any_of(wanted.paths.begin(), wanted.paths.end(),
                    [&name](const std::string& path) { return matches_stars(path, name); });
    if (!is_wanted)
      continue;
    if (const auto wrong = problem_of_path(name); !wrong.empty())
      desk.note_warning(std::string{tag} + name + " of task " + wanted.task_id +
                        " is left out: " + wrong);
    else
      found.push_back(name);
  }
  for (const auto& path : wanted.paths)
    if (std::none_of(found.begin(), found.end(),
                     [&path](const std::string& name) { return matches_stars(path, name); }))
      desk.note(std::string{tag} + path + " of task " + wanted.task_id +
                " is not there, which is fine.");
  return found;
}

std::optional<run_verdict> fetch_one(const std::string& task, const std::string& name,
                                     const artifact_sums* sums, const std::string& directory,
                                     run_desk& desk) {
  const auto refuse = [&](const std::string& why, run_verdict because) {
    desk.note_error(std::string{tag} + name + " of task " + task + " " + why);
    return std::optional{because};
  };
  mount_content content;
  content.task_id = task;
  content.artifact = name;
  if (sums != nullptr) {
    const auto of_task = sums->find(task);
    if (of_task == sums->end() || !of_task->second.contains(name))
      return refuse("is not in the certificate of the task", run_verdict::malformed);
    content.sha256 = of_task->second.at(name);
  }
  const auto place = fs::path{directory} / task / name;
  std::error_code failed;
  if (fs::is_regular_file(place, failed))
    return {};  // by another entry
  const auto from = desk.fetch(content);
  if (!from)
    return refuse("cannot be had: " + from.error().message, run_verdict::unavailable);
  fs::create_directories(place.parent_path(), failed);
  if (failed || fs::is_directory(place, failed))
    return refuse("has the name of a directory of another one", run_verdict::malformed);
  if (const auto copied = copy_file(from->path, place.string(), desk.interrupted()); !copied)
    return refuse("cannot be written: " + copied.error().message, run_verdict::internal);
  desk.note(std::string{tag} + name + " of task " + task + " is there.");
  return {};
}

}  // namespace

std::string problem_of_path(std::string_view path) {
  if (path.empty() || path.size() > longest_path)
    return "must be a name of 1 to 1024 bytes";
  if (path.front() == '/')
    return "must not begin with '/'";
  if (std::any_of(path.begin(), path.end(), [](char c) { return c >= 0 && c < ' '; }))
    return "must not have control characters";
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, end);
    if (part == "..")
      return "must not have '..'";
    if (part.empty() || part == "." || end + 1 == path.size())
      return "must not have an empty part or '.'";
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return {};
}

// What comes after a star is looked for again one byte further on when the rest does not fit.
bool matches_stars(std::string_view pattern, std::string_view name) {
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;
  std::size_t covered = 0;
  while (in < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      covered = in;
    } else if (at < pattern.size() && pattern[at] == name[in]) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++covered;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*')
    ++at;
  return at == pattern.size();
}

std::vector<upstream_artifacts> read_upstream_artifacts(const json::value& payload,
                                                        std::vector<std::string>& problems) {
  std::vector<upstream_artifacts> made;
  const auto* members = payload.if_object();
  const auto* list = members == nullptr ? nullptr : members->if_contains("upstreamArtifacts");
  if (list == nullptr)
    return made;
  if (!list->is_array()) {
    problems.emplace_back("upstreamArtifacts: must be a list");
    return made;
  }
  for (std::size_t i = 0; i < list->get_array().size(); ++i)
    made.push_back(
        read_entry(list->get_array()[i], "upstreamArtifacts." + std::to_string(i), problems));
  return made;
}

std::optional<run_verdict> fetch_upstream_artifacts(const std::vector<upstream_artifacts>& all,
                                                    const artifact_sums* sums,
                                                    const std::string& directory, run_desk& desk) {
  for (const auto& wanted : all) {
    auto paths = wanted.paths;
    if (wanted.optional) {
      auto present = present_of(wanted, sums, desk);
      if (!present) {
        desk.note_error(std::string{tag} + present.error().message);
        return run_verdict::unavailable;
      }
      paths = std::move(*present);
    }
    for (const auto& path : paths)
      if (const auto because = fetch_one(wanted.task_id, path, sums, directory, desk))
        return because;
  }
  return {};
}

}  // namespace troupe
