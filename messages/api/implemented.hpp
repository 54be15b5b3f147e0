#pragma once

#include <array>
#include <string_view>

namespace troupe {

/// Methods of the queue that have a handler. A test of the gateway compares the two.
inline constexpr std::array<std::string_view, 49> implemented_queue_methods = {
    "createTask",
    "task",
    "tasks",
    "status",
    "statuses",
    "scheduleTask",
    "cancelTask",
    "rerunTask",
    "changeTaskPriority",
    "listDependentTasks",
    "claimWork",
    "claimTask",
    "reclaimTask",
    "reportCompleted",
    "reportFailed",
    "reportException",
    "listTaskGroup",
    "getTaskGroup",
    "sealTaskGroup",
    "cancelTaskGroup",
    "changeTaskGroupPriority",
    "taskQueueCounts",
    "createArtifact",
    "finishArtifact",
    "getArtifact",
    "getLatestArtifact",
    "listArtifacts",
    "listLatestArtifacts",
    "artifactInfo",
    "latestArtifactInfo",
    "artifact",
    "latestArtifact",
    "getWorker",
    "quarantineWorker",
    "pendingTasks",
    "listPendingTasks",
    "listClaimedTasks",
    "listProvisioners",
    "getProvisioner",
    "listTaskQueues",
    "getTaskQueue",
    "listWorkerTypes",
    "getWorkerType",
    "listWorkers",
    "declareWorker",
    "ping",
    "lbheartbeat",
    "heartbeat",
    "version",
};

/// Exchanges of the queue that are published.
inline constexpr std::array<std::string_view, 11> implemented_queue_exchanges = {
    "task-defined",
    "task-pending",
    "task-running",
    "task-completed",
    "task-failed",
    "task-exception",
    "artifact-created",
    "task-group-resolved",
    "task-group-sealed",
    "task-priority-changed",
    "task-group-priority-changed",
};

/// Methods of the auth service that do all they are meant for. Those that hand out credentials for
/// other systems say 404 where such a system is not configured.
inline constexpr std::array<std::string_view, 36> implemented_auth_methods = {
    "listClients",
    "client",
    "createClient",
    "updateClient",
    "resetAccessToken",
    "enableClient",
    "disableClient",
    "deleteClient",
    "getEntityHistory",
    "listAuditHistory",
    "listRoles",
    "listRoles2",
    "listRoleIds",
    "role",
    "createRole",
    "updateRole",
    "deleteRole",
    "expandScopes",
    "currentScopes",
    "authenticateHawk",
    "testAuthenticate",
    "testAuthenticateGet",
    "awsS3Credentials",
    "azureAccounts",
    "azureTables",
    "azureTableSAS",
    "azureContainers",
    "azureContainerSAS",
    "sentryDSN",
    "websocktunnelToken",
    "gcpCredentials",
    "githubRepoToken",
    "ping",
    "lbheartbeat",
    "heartbeat",
    "version",
};

/// Exchanges of the auth service that are published.
inline constexpr std::array<std::string_view, 6> implemented_auth_exchanges = {
    "client-created", "client-updated", "client-deleted",
    "role-created",   "role-updated",   "role-deleted",
};

}  // namespace troupe
