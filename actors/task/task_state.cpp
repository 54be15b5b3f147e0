#include "actors/task/task_state.hpp"

#include <algorithm>

namespace troupe {

namespace {

template <class Dependents>
auto place_of(Dependents& dependents, const task_id& id) {
  return std::lower_bound(dependents.begin(), dependents.end(), id,
                          [](const task_dependent& one, const task_id& of) { return one.id < of; });
}

}  // namespace

task_dependent* find_dependent(task_state& state, const task_id& id) {
  const auto place = place_of(state.dependents, id);
  return place != state.dependents.end() && place->id == id ? &*place : nullptr;
}

task_dependent& add_dependent(task_state& state, task_dependent dependent) {
  const auto place = place_of(state.dependents, dependent.id);
  if (place != state.dependents.end() && place->id == dependent.id)
    return *place;
  return *state.dependents.insert(place, std::move(dependent));
}

std::vector<task_id> drop_expired(task_state& state, timestamp now) {
  std::vector<task_id> written;
  std::erase_if(state.dependents, [&](const task_dependent& dependent) {
    if (!is_expired(dependent, now))
      return false;
    if (dependent.confirmed)
      written.push_back(dependent.id);
    return true;
  });
  return written;
}

std::vector<task_id> dependents_page(const task_state& state, const std::optional<task_id>& after,
                                     std::size_t limit, timestamp now) {
  std::vector<task_id> page;
  auto at = after ? place_of(state.dependents, *after) : state.dependents.begin();
  for (; at != state.dependents.end() && page.size() <= limit; ++at)
    if (at->confirmed && !is_expired(*at, now) && (!after || at->id != *after))
      page.push_back(at->id);
  return page;
}

std::string_view to_string(run_state state) {
  static constexpr std::string_view names[] = {"pending", "running", "completed", "failed",
                                               "exception"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view to_string(reason_created reason) {
  static constexpr std::string_view names[] = {"scheduled", "retry", "task-retry", "rerun",
                                               "exception"};
  return names[static_cast<std::size_t>(reason)];
}

std::string_view to_string(reason_resolved reason) {
  static constexpr std::string_view names[] = {"",
                                               "completed",
                                               "failed",
                                               "deadline-exceeded",
                                               "canceled",
                                               "claim-expired",
                                               "worker-shutdown",
                                               "malformed-payload",
                                               "resource-unavailable",
                                               "internal-error",
                                               "intermittent-task"};
  return names[static_cast<std::size_t>(reason)];
}

}  // namespace troupe
