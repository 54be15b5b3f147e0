#include "workers/remote/held_runs.hpp"

namespace troupe {

void held_runs::drop_if_done(std::map<held_run, known>::iterator at) {
  if (!at->second.held && !at->second.stopped)
    runs_.erase(at);
}

void held_runs::add(const std::vector<held_run>& handed) {
  const std::lock_guard lock{guard_};
  for (const auto& run : handed) {
    auto& one = runs_[run];
    one.came = true;
    one.held = one.ended.empty();
  }
}

void held_runs::remove(const held_run& run) {
  const std::lock_guard lock{guard_};
  const auto found = runs_.find(run);
  if (found == runs_.end())
    return;
  found->second.held = false;
  drop_if_done(found);
}

// Told under the lock, so that nothing is being told when `unwatch` has returned.
void held_runs::watch(const held_run& run, stop_function stopped) {
  const std::lock_guard lock{guard_};
  auto& one = runs_[run];
  one.came = true;
  if (one.ended.empty())
    one.stopped = std::move(stopped);
  else
    stopped({one.ended});
}

void held_runs::unwatch(const held_run& run) {
  const std::lock_guard lock{guard_};
  const auto found = runs_.find(run);
  if (found == runs_.end())
    return;
  found->second.stopped = nullptr;
  drop_if_done(found);
}

void held_runs::end(const held_run& run, const std::string& how) {
  const std::lock_guard lock{guard_};
  auto& one = runs_[run];
  one.held = false;
  one.ended = how;
  if (const auto stopped = std::exchange(one.stopped, nullptr))
    stopped({how});
}

void held_runs::forget_strangers() {
  const std::lock_guard lock{guard_};
  std::erase_if(runs_, [](const auto& entry) { return !entry.second.came; });
}

std::vector<held_run> held_runs::all() const {
  const std::lock_guard lock{guard_};
  std::vector<held_run> result;
  for (const auto& [run, one] : runs_)
    if (one.held)
      result.push_back(run);
  return result;
}

}  // namespace troupe
