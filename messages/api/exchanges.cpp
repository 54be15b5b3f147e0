#include "messages/api/exchanges.hpp"

namespace troupe {

namespace {

std::vector<routing_part> of_task(bool run, bool worker) {
  return {{"routingKeyKind", "primary"},
          {"taskId"},
          {"runId", {}, false, run},
          {"workerGroup", {}, false, worker},
          {"workerId", {}, false, worker},
          {"provisionerId"},
          {"workerType"},
          {"schedulerId"},
          {"taskGroupId"},
          {"reserved", {}, true, false}};
}

std::vector<routing_part> of_group() {
  return {{"routingKeyKind", "primary"},
          {"taskGroupId"},
          {"schedulerId"},
          {"reserved", {}, true, false}};
}

std::vector<api_exchange> make_exchanges() {
  const std::vector<routing_part> nothing{{"reserved", {}, true, false}};
  // clang-format off
  return {
    {"queue", "task-defined", "taskDefined", "schemas/queue/v1/task-defined-message", of_task(false, false)},
    {"queue", "task-pending", "taskPending", "schemas/queue/v1/task-pending-message", of_task(true, false)},
    {"queue", "task-running", "taskRunning", "schemas/queue/v1/task-running-message", of_task(true, true)},
    {"queue", "artifact-created", "artifactCreated", "schemas/queue/v1/artifact-created-message", of_task(true, true)},
    {"queue", "task-completed", "taskCompleted", "schemas/queue/v1/task-completed-message", of_task(true, true)},
    {"queue", "task-failed", "taskFailed", "schemas/queue/v1/task-failed-message", of_task(false, false)},
    {"queue", "task-exception", "taskException", "schemas/queue/v1/task-exception-message", of_task(false, false)},
    {"queue", "task-group-resolved", "taskGroupResolved", "schemas/queue/v1/task-group-changed-message", of_group()},
    {"queue", "task-group-sealed", "taskGroupSealed", "schemas/queue/v1/task-group-changed-message", of_group()},
    {"queue", "task-priority-changed", "taskPriorityChanged", "schemas/queue/v1/task-priority-changed-message", of_task(false, false)},
    {"queue", "task-group-priority-changed", "taskGroupPriorityChanged", "schemas/queue/v1/task-group-priority-changed-message", of_group()},
    {"auth", "client-created", "clientCreated", "schemas/auth/v1/client-message", nothing},
    {"auth", "client-updated", "clientUpdated", "schemas/auth/v1/client-message", nothing},
    {"auth", "client-deleted", "clientDeleted", "schemas/auth/v1/client-message", nothing},
    {"auth", "role-created", "roleCreated", "schemas/auth/v1/role-message", nothing},
    {"auth", "role-updated", "roleUpdated", "schemas/auth/v1/role-message", nothing},
    {"auth", "role-deleted", "roleDeleted", "schemas/auth/v1/role-message", nothing},
  };
  // clang-format on
}

}  // namespace

const std::vector<api_exchange>& api_exchanges() {
  static const auto exchanges = make_exchanges();
  return exchanges;
}

}  // namespace troupe
