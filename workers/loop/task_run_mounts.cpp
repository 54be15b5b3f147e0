// What is there when the commands of a run start, and what becomes of it.

#include "runtime/clock/clock.hpp"
#include "workers/loop/live_log.hpp"
#include "workers/loop/run_services.hpp"
#include "workers/loop/task_mounts.hpp"
#include "workers/loop/task_proxy.hpp"
#include "workers/loop/task_run.hpp"
#include "workers/loop/worker_caches.hpp"
#include "workers/shells/shell_host.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

std::vector<std::string> task_run::task_scopes() const {
  std::vector<std::string> scopes;
  if (const auto* list = task_.if_contains("scopes"); list && list->is_array())
    for (const auto& scope : list->get_array())
      scopes.emplace_back(scope.as_string());
  return scopes;
}

bool task_run::has_caches() const {
  return std::any_of(payload_.mounts.begin(), payload_.mounts.end(),
                     [](const payload_mount& mount) { return !mount.cache_name.empty(); });
}

std::optional<task_run::verdict> task_run::check_scopes() {
  auto missing = caches_.missing_scopes(execution_->needed_scopes(), task_scopes());
  for (const auto& choice : execution_->scope_choices())
    if (caches_.missing_scopes(choice, task_scopes()).size() == choice.size())
      missing.push_back(choice.front());
  for (const auto& scope : missing)
    log_->note_error("The task needs the scope " + scope);
  if (missing.empty())
    return {};
  return verdict::malformed;
}

// What keeps the run from its commands.
std::optional<task_run::verdict> task_run::mount_all() {
  caches_.obey_purges(has_caches());
  const auto get = [this](const std::string& target) { return call("GET", target, {}); };
  mounts_ = std::make_unique<task_mounts>(caches_, *log_, interrupt_, get, downloads_, directory_);
  desk_ = std::make_unique<run_services>(*log_, interrupt_, *mounts_, get, [this](bool waits) {
    // Other tasks take the time that they need.
    if (waits)
      leave_stage();
    else
      enter("Preparing");
  });
  for (const auto& mount : payload_.mounts) {
    const auto mounted = mounts_->mount(mount);
    if (const auto because = verdict_of_interrupt())
      return because;
    if (mounted)
      continue;
    log_->note_error("[mounts] " + mounted.error().message);
    return verdict::failed;
  }
  return {};
}

// Caches outlive a task that failed, but not one that was ended from outside.
task_run::verdict task_run::unmount(verdict result) {
  if (!mounts_)
    return result;
  if (prepared_)
    execution_->close(*desk_);
  const auto& codes = payload_.purge_codes;
  const bool purged =
      exit_code_ && std::find(codes.begin(), codes.end(), *exit_code_) != codes.end();
  const bool ended = result == verdict::completed || result == verdict::failed ||
                     result == verdict::intermittent || result == verdict::malformed;
  const bool good = mounts_->undo(ended && !purged);
  if (purged) {
    for (const auto& mount : payload_.mounts)
      if (!mount.cache_name.empty())
        caches_.directories().purge(mount.cache_name, system_clock{}.now());
    log_->note("[mounts] The caches of this task are purged, by its exit code.");
  }
  caches_.make_room();
  return !good && result == verdict::completed ? verdict::failed : result;
}

}  // namespace troupe
