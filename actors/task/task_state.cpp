#include "actors/task/task_state.hpp"

namespace troupe {

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
