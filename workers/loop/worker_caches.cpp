#include "workers/loop/worker_caches.hpp"

#include "runtime/clock/clock.hpp"
#include "runtime/log/log.hpp"
#include "runtime/queue_client/queue_client.hpp"
#include "runtime/scopes/scope.hpp"
#include "workers/loop/queue_calls.hpp"
#include "workers/worker.hpp"

#include <boost/json.hpp>

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <algorithm>
#include <filesystem>

namespace troupe {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr auto answer_time = 10s;

timestamp now() { return system_clock{}.now(); }

// Requests name a pool, and pools may share a directory.
std::string root_of(const worker_options& options) {
  return options.cache_dir + "/" + encode_segment(options.task_queue_id);
}

std::uint64_t free_space(const std::string& path) {
  struct statvfs found;
  if (::statvfs(path.c_str(), &found) != 0)
    return UINT64_MAX;
  return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
}

void warn(const std::string& what, const call_result& answer) {
  log_message(severity::warning,
              what + " (" + std::to_string(answer.status) +
                  "): " + (answer.trouble.empty() ? answer.body.substr(0, 300) : answer.trouble));
}

bool assumes_role(const std::string& scope) {
  return scope.starts_with("assume:") || satisfies(scope, "assume:");
}

}  // namespace

outcome<void> check_cache_place(const worker_options& options) {
  std::error_code failed;
  fs::create_directories(options.work_dir, failed);
  if (!failed)
    fs::create_directories(options.cache_dir, failed);
  if (failed)
    return make_api_error(error_code::input_error,
                          "cannot make " + options.cache_dir + ": " + failed.message());
  struct stat work;
  struct stat caches;
  if (::stat(options.work_dir.c_str(), &work) != 0 ||
      ::stat(options.cache_dir.c_str(), &caches) != 0 || work.st_dev != caches.st_dev)
    return make_api_error(error_code::input_error, "--cache-dir " + options.cache_dir +
                                                       " and --work-dir " + options.work_dir +
                                                       " must be on one file system");
  return boost::system::in_place_value;
}

worker_caches::worker_caches(const worker_options& options)
    : options_(options),
      root_(root_of(options)),
      directories_(root_ + "/directories"),
      files_(root_ + "/files") {}

void worker_caches::obey_purges(bool has_caches) {
  const auto asked = now();
  if (!has_caches && !purges_.is_due(asked))
    return;
  auto target = "/api/purge-cache/v1/purge-cache/" + encode_segment(options_.task_queue_id);
  if (const auto since = purges_.since())
    target += "?since=" + encode_segment(to_iso(*since));
  queue_client client{options_.root_url};
  const auto answer = client.call(options_.by, "GET", target, {}, {}, answer_time);
  if (answer.status != 200)
    return warn("the purge-cache service was not heard", answer);
  for (const auto& request : purges_.take(answer.json(), asked))
    directories_.purge(request.cache, request.before);
}

void worker_caches::make_room() {
  while (free_space(root_) < options_.min_free_bytes)
    if (!files_.drop_oldest() && !directories_.drop_oldest())
      return;
}

std::vector<std::string> worker_caches::missing_scopes(const std::vector<std::string>& needed,
                                                       const std::vector<std::string>& scopes) {
  std::vector<std::string> missing;
  const auto collect = [&](const scope_list& have) {
    missing.clear();
    for (const auto& scope : needed)
      if (!satisfies(have, scope))
        missing.push_back(scope);
  };
  collect(scopes);
  if (missing.empty() || std::none_of(scopes.begin(), scopes.end(), assumes_role))
    return missing;
  json::object body;
  body["scopes"] = json::value_from(scopes);
  queue_client client{options_.root_url};
  const auto answer = client.call(options_.by, "POST", "/api/auth/v1/scopes/expand",
                                  json::serialize(body), "application/json", answer_time);
  const auto value = answer.json();
  const auto* expanded = value.is_object() ? value.get_object().if_contains("scopes") : nullptr;
  if (answer.status != 200 || expanded == nullptr || !expanded->is_array()) {
    warn("the roles of a task could not be looked up", answer);
    return missing;
  }
  scope_list all;
  for (const auto& scope : expanded->get_array())
    if (scope.is_string())
      all.emplace_back(scope.get_string());
  collect(all);
  return missing;
}

}  // namespace troupe
