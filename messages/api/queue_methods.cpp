#include "messages/api/queue_methods.hpp"

namespace troupe {

namespace {

// Patterns of parameters (queue contract 1.3).
constexpr std::string_view slugid =
    "^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$";
constexpr std::string_view task_queue = R"(^[a-zA-Z0-9-_]{1,38}\/[a-z]([-a-z0-9]{0,36}[a-z0-9])?$)";
constexpr std::string_view identifier = "^[a-zA-Z0-9-_]{1,38}$";
constexpr std::string_view run = "^[1-9]*[0-9]+$";
constexpr std::string_view artifact_name = R"(^[\x20-\x7e]+$)";

// Patterns of queries.
constexpr std::string_view digits = "^[0-9]+$";
constexpr std::string_view something = ".";
constexpr std::string_view flag = "^(true|false)$";

std::vector<api_method> make_methods() {
  // clang-format off
  return {
    {"queue", "ping", "GET", "/ping", "", "", "", "stable", "Monitoring", {}, {}},
    {"queue", "lbheartbeat", "GET", "/__lbheartbeat__", "", "", "", "stable", "Monitoring", {}, {}},
    {"queue", "version", "GET", "/__version__", "", "", "", "stable", "Monitoring", {}, {}},
    {"queue", "task", "GET", "/task/<taskId>", R"("queue:get-task:<taskId>")", "", "schemas/queue/v1/task", "stable", "Tasks", {{"taskId", slugid, false}},
    {}},
    {"queue", "tasks", "POST", "/tasks", R"({"AllOf": [{"each": "queue:get-task:<taskId>", "for": "taskId", "in": "taskIds"}]})", "schemas/queue/v1/tasks-request", "schemas/queue/v1/tasks-response", "experimental", "Tasks", {}, {{"continuationToken", something}, {"limit", digits}}},
    {"queue", "statuses", "POST", "/tasks/status", R"({"AllOf": [{"each": "queue:status:<taskId>", "for": "taskId", "in": "taskIds"}]})", "schemas/queue/v1/tasks-request", "schemas/queue/v1/tasks-statuses-response", "experimental", "Tasks", {}, {{"continuationToken", something}, {"limit", digits}}},
    {"queue", "status", "GET", "/task/<taskId>/status", R"("queue:status:<taskId>")", "", "schemas/queue/v1/task-status-response", "stable", "Tasks", {{"taskId", slugid, false}},
    {}},
    {"queue", "listTaskGroup", "GET", "/task-group/<taskGroupId>/list", R"("queue:list-task-group:<taskGroupId>")", "", "schemas/queue/v1/list-task-group-response", "stable", "Task Groups", {{"taskGroupId", slugid, false}},
    {{"continuationToken", something}, {"limit", digits}}},
    {"queue", "cancelTaskGroup", "POST", "/task-group/<taskGroupId>/cancel", R"("queue:cancel-task-group:<schedulerId>/<taskGroupId>")", "", "schemas/queue/v1/cancel-task-group-response", "experimental", "Tasks", {{"taskGroupId", slugid, false}},
    {}},
    {"queue", "getTaskGroup", "GET", "/task-group/<taskGroupId>", R"("queue:list-task-group:<taskGroupId>")", "", "schemas/queue/v1/task-group-response", "stable", "Task Groups", {{"taskGroupId", slugid, false}},
    {}},
    {"queue", "sealTaskGroup", "POST", "/task-group/<taskGroupId>/seal", R"("queue:seal-task-group:<schedulerId>/<taskGroupId>")", "", "schemas/queue/v1/task-group-response", "experimental", "Task Groups", {{"taskGroupId", slugid, false}},
    {}},
    {"queue", "listDependentTasks", "GET", "/task/<taskId>/dependents", R"("queue:list-dependent-tasks:<taskId>")", "", "schemas/queue/v1/list-dependent-tasks-response", "stable", "Tasks", {{"taskId", slugid, false}},
    {{"continuationToken", something}, {"limit", digits}}},
    {"queue", "createTask", "PUT", "/task/<taskId>", R"({"AllOf": [{"each": "<scope>", "for": "scope", "in": "scopes"}, {"each": "queue:route:<route>", "for": "route", "in": "routes"}, "queue:create-task:project:<projectId>", "queue:scheduler-id:<schedulerId>", {"AnyOf": [{"each": "queue:create-task:<priority>:<provisionerId>/<workerType>", "for": "priority", "in": "priorities"}]}]})", "schemas/queue/v1/create-task-request", "schemas/queue/v1/task-status-response", "stable", "Tasks", {{"taskId", slugid, false}},
    {}},
    {"queue", "scheduleTask", "POST", "/task/<taskId>/schedule", R"({"AnyOf": ["queue:schedule-task:<schedulerId>/<taskGroupId>/<taskId>", "queue:schedule-task-in-project:<projectId>", {"AllOf": ["queue:schedule-task", "assume:scheduler-id:<schedulerId>/<taskGroupId>"]}]})", "", "schemas/queue/v1/task-status-response", "stable", "Tasks", {{"taskId", slugid, false}},
    {}},
    {"queue", "rerunTask", "POST", "/task/<taskId>/rerun", R"({"AnyOf": ["queue:rerun-task:<schedulerId>/<taskGroupId>/<taskId>", "queue:rerun-task-in-project:<projectId>", {"AllOf": ["queue:rerun-task", "assume:scheduler-id:<schedulerId>/<taskGroupId>"]}]})", "", "schemas/queue/v1/task-status-response", "stable", "Tasks", {{"taskId", slugid, false}},
    {}},
    {"queue", "cancelTask", "POST", "/task/<taskId>/cancel", R"({"AnyOf": ["queue:cancel-task:<schedulerId>/<taskGroupId>/<taskId>", "queue:cancel-task-in-project:<projectId>", {"AllOf": ["queue:cancel-task", "assume:scheduler-id:<schedulerId>/<taskGroupId>"]}]})", "", "schemas/queue/v1/task-status-response", "stable", "Tasks", {{"taskId", slugid, false}},
    {}},
    {"queue", "changeTaskPriority", "POST", "/task/<taskId>/priority", R"({"AnyOf": ["queue:change-task-priority:<taskId>", "queue:change-task-priority-in-queue:<taskQueueId>"]})", "schemas/queue/v1/change-task-priority-request", "schemas/queue/v1/task-status-response", "experimental", "Tasks", {{"taskId", slugid, false}},
    {}},
    {"queue", "changeTaskGroupPriority", "POST", "/task-group/<taskGroupId>/priority", R"("queue:change-task-group-priority:<schedulerId>/<taskGroupId>")", "schemas/queue/v1/change-task-priority-request", "schemas/queue/v1/task-group-priority-change-response", "experimental", "Task-Groups", {{"taskGroupId", slugid, false}},
    {}},
    {"queue", "claimWork", "POST", "/claim-work/<taskQueueId*>", R"({"AllOf": ["queue:claim-work:<taskQueueId>", "queue:worker-id:<workerGroup>/<workerId>"]})", "schemas/queue/v1/claim-work-request", "schemas/queue/v1/claim-work-response", "stable", "Worker Interface", {{"taskQueueId", task_queue, true}},
    {}},
    {"queue", "claimTask", "POST", "/task/<taskId>/runs/<runId>/claim", R"({"AllOf": ["queue:claim-task:<provisionerId>/<workerType>", "queue:worker-id:<workerGroup>/<workerId>"]})", "schemas/queue/v1/task-claim-request", "schemas/queue/v1/task-claim-response", "deprecated", "Worker Interface", {{"taskId", slugid, false}, {"runId", run, false}},
    {}},
    {"queue", "reclaimTask", "POST", "/task/<taskId>/runs/<runId>/reclaim", R"("queue:reclaim-task:<taskId>/<runId>")", "", "schemas/queue/v1/task-reclaim-response", "stable", "Worker Interface", {{"taskId", slugid, false}, {"runId", run, false}},
    {}},
    {"queue", "reportCompleted", "POST", "/task/<taskId>/runs/<runId>/completed", R"("queue:resolve-task:<taskId>/<runId>")", "", "schemas/queue/v1/task-status-response", "stable", "Worker Interface", {{"taskId", slugid, false}, {"runId", run, false}},
    {}},
    {"queue", "reportFailed", "POST", "/task/<taskId>/runs/<runId>/failed", R"("queue:resolve-task:<taskId>/<runId>")", "", "schemas/queue/v1/task-status-response", "stable", "Worker Interface", {{"taskId", slugid, false}, {"runId", run, false}},
    {}},
    {"queue", "reportException", "POST", "/task/<taskId>/runs/<runId>/exception", R"("queue:resolve-task:<taskId>/<runId>")", "schemas/queue/v1/task-exception-request", "schemas/queue/v1/task-status-response", "stable", "Worker Interface", {{"taskId", slugid, false}, {"runId", run, false}},
    {}},
    {"queue", "createArtifact", "POST", "/task/<taskId>/runs/<runId>/artifacts/<name*>", R"("queue:create-artifact:<taskId>/<runId>")", "schemas/queue/v1/post-artifact-request", "schemas/queue/v1/post-artifact-response", "stable", "Artifacts", {{"taskId", slugid, false}, {"runId", run, false}, {"name", artifact_name, true}},
    {}},
    {"queue", "finishArtifact", "PUT", "/task/<taskId>/runs/<runId>/artifacts/<name*>", R"("queue:create-artifact:<taskId>/<runId>")", "schemas/queue/v1/finish-artifact-request", "", "stable", "Artifacts", {{"taskId", slugid, false}, {"runId", run, false}, {"name", artifact_name, true}},
    {}},
    {"queue", "getArtifact", "GET", "/task/<taskId>/runs/<runId>/artifacts/<name*>", R"({"AllOf": [{"each": "queue:get-artifact:<name>", "for": "name", "in": "names"}]})", "", "schemas/queue/v1/get-artifact-response", "stable", "Artifacts", {{"taskId", slugid, false}, {"runId", run, false}, {"name", artifact_name, true}},
    {}},
    {"queue", "getLatestArtifact", "GET", "/task/<taskId>/artifacts/<name*>", R"({"AllOf": [{"each": "queue:get-artifact:<name>", "for": "name", "in": "names"}]})", "", "schemas/queue/v1/get-artifact-response", "stable", "Artifacts", {{"taskId", slugid, false}, {"name", artifact_name, true}},
    {}},
    {"queue", "listArtifacts", "GET", "/task/<taskId>/runs/<runId>/artifacts", R"("queue:list-artifacts:<taskId>:<runId>")", "", "schemas/queue/v1/list-artifacts-response", "stable", "Artifacts", {{"taskId", slugid, false}, {"runId", run, false}},
    {{"continuationToken", something}, {"limit", digits}}},
    {"queue", "listLatestArtifacts", "GET", "/task/<taskId>/artifacts", R"("queue:list-artifacts:<taskId>")", "", "schemas/queue/v1/list-artifacts-response", "stable", "Artifacts", {{"taskId", slugid, false}},
    {{"continuationToken", something}, {"limit", digits}}},
    {"queue", "artifactInfo", "GET", "/task/<taskId>/runs/<runId>/artifact-info/<name*>", R"("queue:list-artifacts:<taskId>:<runId>")", "", "schemas/queue/v1/artifact-response", "stable", "Artifacts", {{"taskId", slugid, false}, {"runId", run, false}, {"name", artifact_name, true}},
    {}},
    {"queue", "latestArtifactInfo", "GET", "/task/<taskId>/artifact-info/<name*>", R"("queue:list-artifacts:<taskId>")", "", "schemas/queue/v1/artifact-response", "stable", "Artifacts", {{"taskId", slugid, false}, {"name", artifact_name, true}},
    {}},
    {"queue", "artifact", "GET", "/task/<taskId>/runs/<runId>/artifact-content/<name*>", R"({"AllOf": [{"each": "queue:get-artifact:<name>", "for": "name", "in": "names"}]})", "", "schemas/queue/v1/artifact-content-response", "stable", "Artifacts", {{"taskId", slugid, false}, {"runId", run, false}, {"name", artifact_name, true}},
    {}},
    {"queue", "latestArtifact", "GET", "/task/<taskId>/artifact-content/<name*>", R"({"AllOf": [{"each": "queue:get-artifact:<name>", "for": "name", "in": "names"}]})", "", "schemas/queue/v1/artifact-content-response", "stable", "Artifacts", {{"taskId", slugid, false}, {"name", artifact_name, true}},
    {}},
    {"queue", "listProvisioners", "GET", "/provisioners", R"("queue:list-provisioners")", "", "schemas/queue/v1/list-provisioners-response", "deprecated", "Worker Metadata", {}, {{"continuationToken", something}, {"limit", digits}}},
    {"queue", "getProvisioner", "GET", "/provisioners/<provisionerId>", R"("queue:get-provisioner:<provisionerId>")", "", "schemas/queue/v1/provisioner-response", "deprecated", "Worker Metadata", {{"provisionerId", identifier, false}},
    {}},
    {"queue", "pendingTasks", "GET", "/pending/<taskQueueId*>", R"("queue:pending-count:<taskQueueId>")", "", "schemas/queue/v1/pending-tasks-response", "deprecated", "Worker Metadata", {{"taskQueueId", task_queue, true}},
    {}},
    {"queue", "taskQueueCounts", "GET", "/task-queues/<taskQueueId*>/counts", R"({"AllOf": ["queue:pending-count:<taskQueueId>", "queue:claimed-count:<taskQueueId>"]})", "", "schemas/queue/v1/task-queue-counts-response", "stable", "Worker Metadata", {{"taskQueueId", task_queue, true}},
    {}},
    {"queue", "listPendingTasks", "GET", "/task-queues/<taskQueueId*>/pending", R"("queue:pending-list:<taskQueueId>")", "", "schemas/queue/v1/list-pending-tasks-response", "experimental", "Worker Metadata", {{"taskQueueId", task_queue, true}},
    {{"continuationToken", something}, {"limit", digits}}},
    {"queue", "listClaimedTasks", "GET", "/task-queues/<taskQueueId*>/claimed", R"("queue:claimed-list:<taskQueueId>")", "", "schemas/queue/v1/list-claimed-tasks-response", "experimental", "Worker Metadata", {{"taskQueueId", task_queue, true}},
    {{"continuationToken", something}, {"limit", digits}}},
    {"queue", "listWorkerTypes", "GET", "/provisioners/<provisionerId>/worker-types", R"("queue:list-worker-types:<provisionerId>")", "", "schemas/queue/v1/list-workertypes-response", "deprecated", "Worker Metadata", {{"provisionerId", identifier, false}},
    {{"continuationToken", something}, {"limit", digits}}},
    {"queue", "getWorkerType", "GET", "/provisioners/<provisionerId>/worker-types/<workerType>", R"("queue:get-worker-type:<provisionerId>/<workerType>")", "", "schemas/queue/v1/workertype-response", "deprecated", "Worker Metadata", {{"provisionerId", identifier, false}, {"workerType", identifier, false}},
    {}},
    {"queue", "listTaskQueues", "GET", "/task-queues", R"("queue:list-task-queues")", "", "schemas/queue/v1/list-taskqueues-response", "stable", "Worker Metadata", {}, {{"continuationToken", something}, {"limit", digits}}},
    {"queue", "getTaskQueue", "GET", "/task-queues/<taskQueueId>", R"("queue:get-task-queue:<taskQueueId>")", "", "schemas/queue/v1/taskqueue-response", "stable", "Worker Metadata", {{"taskQueueId", task_queue, false}},
    {}},
    {"queue", "listWorkers", "GET", "/provisioners/<provisionerId>/worker-types/<workerType>/workers", R"("queue:list-workers:<provisionerId>/<workerType>")", "", "schemas/queue/v1/list-workers-response", "deprecated", "Worker Metadata", {{"provisionerId", identifier, false}, {"workerType", identifier, false}},
    {{"continuationToken", something}, {"limit", digits}, {"quarantined", flag}}},
    {"queue", "getWorker", "GET", "/provisioners/<provisionerId>/worker-types/<workerType>/workers/<workerGroup>/<workerId>", R"("queue:get-worker:<provisionerId>/<workerType>/<workerGroup>/<workerId>")", "", "schemas/queue/v1/worker-response", "deprecated", "Worker Metadata", {{"provisionerId", identifier, false}, {"workerType", identifier, false}, {"workerGroup", identifier, false}, {"workerId", identifier, false}},
    {}},
    {"queue", "quarantineWorker", "PUT", "/provisioners/<provisionerId>/worker-types/<workerType>/workers/<workerGroup>/<workerId>", R"({"AllOf": ["queue:quarantine-worker:<provisionerId>/<workerType>/<workerGroup>/<workerId>"]})", "schemas/queue/v1/quarantine-worker-request", "schemas/queue/v1/worker-response", "experimental", "Worker Metadata", {{"provisionerId", identifier, false}, {"workerType", identifier, false}, {"workerGroup", identifier, false}, {"workerId", identifier, false}},
    {}},
    {"queue", "declareWorker", "PUT", "/provisioners/<provisionerId>/worker-types/<workerType>/<workerGroup>/<workerId>", R"({"AllOf": [{"each": "queue:declare-worker:<provisionerId>/<workerType>/<workerGroup>/<workerId>#<property>", "for": "property", "in": "properties"}]})", "schemas/queue/v1/update-worker-request", "schemas/queue/v1/worker-response", "experimental", "Worker Metadata", {{"provisionerId", identifier, false}, {"workerType", identifier, false}, {"workerGroup", identifier, false}, {"workerId", identifier, false}},
    {}},
    {"queue", "heartbeat", "GET", "/__heartbeat__", "", "", "", "stable", "Monitoring", {}, {}},
  };
  // clang-format on
}

}  // namespace

const std::vector<api_method>& queue_methods() {
  static const auto methods = make_methods();
  return methods;
}

}  // namespace troupe
