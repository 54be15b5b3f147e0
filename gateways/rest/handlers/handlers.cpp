#include "gateways/rest/handlers/handlers.hpp"

#include <algorithm>
#include <array>

namespace troupe {

namespace {

// Monitoring methods are the same for every service.
constexpr std::string_view any_service = "*";

constexpr std::array rows{
    handler_row{any_service, "ping", handlers::ping},
    handler_row{any_service, "lbheartbeat", handlers::lbheartbeat},
    handler_row{any_service, "heartbeat", handlers::heartbeat},
    handler_row{any_service, "version", handlers::version},
    handler_row{"queue", "createTask", handlers::create_task},
    handler_row{"queue", "task", handlers::task},
    handler_row{"queue", "tasks", handlers::tasks},
    handler_row{"queue", "status", handlers::status},
    handler_row{"queue", "statuses", handlers::statuses},
    handler_row{"queue", "scheduleTask", handlers::schedule_task},
    handler_row{"queue", "rerunTask", handlers::rerun_task},
    handler_row{"queue", "cancelTask", handlers::cancel_task},
    handler_row{"queue", "changeTaskPriority", handlers::change_task_priority},
    handler_row{"queue", "listDependentTasks", handlers::list_dependent_tasks},
    handler_row{"queue", "claimWork", handlers::claim_work},
    handler_row{"queue", "claimTask", handlers::claim_task},
    handler_row{"queue", "reclaimTask", handlers::reclaim_task},
    handler_row{"queue", "reportCompleted", handlers::report_completed},
    handler_row{"queue", "reportFailed", handlers::report_failed},
    handler_row{"queue", "reportException", handlers::report_exception},
    handler_row{"queue", "createArtifact", handlers::create_artifact},
    handler_row{"queue", "finishArtifact", handlers::finish_artifact},
    handler_row{"queue", "getArtifact", handlers::get_artifact},
    handler_row{"queue", "getLatestArtifact", handlers::get_latest_artifact},
    handler_row{"queue", "listArtifacts", handlers::list_artifacts},
    handler_row{"queue", "listLatestArtifacts", handlers::list_latest_artifacts},
    handler_row{"queue", "artifactInfo", handlers::artifact_info},
    handler_row{"queue", "latestArtifactInfo", handlers::latest_artifact_info},
    handler_row{"queue", "artifact", handlers::artifact},
    handler_row{"queue", "latestArtifact", handlers::latest_artifact},
    handler_row{"queue", "listTaskGroup", handlers::list_task_group},
    handler_row{"queue", "getTaskGroup", handlers::get_task_group},
    handler_row{"queue", "sealTaskGroup", handlers::seal_task_group},
    handler_row{"queue", "cancelTaskGroup", handlers::cancel_task_group},
    handler_row{"queue", "changeTaskGroupPriority", handlers::change_task_group_priority},
    handler_row{"queue", "taskQueueCounts", handlers::task_queue_counts},
    handler_row{"queue", "pendingTasks", handlers::pending_tasks},
    handler_row{"queue", "listPendingTasks", handlers::list_pending_tasks},
    handler_row{"queue", "listClaimedTasks", handlers::list_claimed_tasks},
    handler_row{"queue", "listProvisioners", handlers::list_provisioners},
    handler_row{"queue", "getProvisioner", handlers::get_provisioner},
    handler_row{"queue", "listTaskQueues", handlers::list_task_queues},
    handler_row{"queue", "getTaskQueue", handlers::get_task_queue},
    handler_row{"queue", "listWorkerTypes", handlers::list_worker_types},
    handler_row{"queue", "getWorkerType", handlers::get_worker_type},
    handler_row{"queue", "listWorkers", handlers::list_workers},
    handler_row{"queue", "getWorker", handlers::get_worker},
    handler_row{"queue", "quarantineWorker", handlers::quarantine_worker},
    handler_row{"queue", "declareWorker", handlers::declare_worker},
    handler_row{"object", "createUpload", handlers::create_upload},
    handler_row{"object", "finishUpload", handlers::finish_upload},
    handler_row{"object", "startDownload", handlers::start_download},
    handler_row{"object", "object", handlers::object},
    handler_row{"object", "download", handlers::download},
    handler_row{"secrets", "set", handlers::set_secret},
    handler_row{"secrets", "remove", handlers::remove_secret},
    handler_row{"secrets", "get", handlers::get_secret},
    handler_row{"secrets", "list", handlers::list_secrets},
    handler_row{"purge-cache", "purgeCache", handlers::purge_cache},
    handler_row{"purge-cache", "allPurgeRequests", handlers::all_purge_requests},
    handler_row{"purge-cache", "purgeRequests", handlers::purge_requests},
    handler_row{"index", "findTask", handlers::find_task},
    handler_row{"index", "findTasksAtIndex", handlers::find_tasks_at_index},
    handler_row{"index", "listNamespaces", handlers::list_namespaces},
    handler_row{"index", "listNamespacesPost", handlers::list_namespaces},
    handler_row{"index", "listTasks", handlers::list_indexed_tasks},
    handler_row{"index", "listTasksPost", handlers::list_indexed_tasks},
    handler_row{"index", "insertTask", handlers::insert_task},
    handler_row{"index", "deleteTask", handlers::delete_task},
    handler_row{"index", "findArtifactFromTask", handlers::find_artifact_from_task},
    handler_row{"auth", "listClients", handlers::list_clients},
    handler_row{"auth", "client", handlers::client},
    handler_row{"auth", "createClient", handlers::create_client},
    handler_row{"auth", "updateClient", handlers::update_client},
    handler_row{"auth", "resetAccessToken", handlers::reset_access_token},
    handler_row{"auth", "enableClient", handlers::enable_client},
    handler_row{"auth", "disableClient", handlers::disable_client},
    handler_row{"auth", "deleteClient", handlers::delete_client},
    handler_row{"auth", "getEntityHistory", handlers::get_entity_history},
    handler_row{"auth", "listAuditHistory", handlers::list_audit_history},
    handler_row{"auth", "listRoles", handlers::list_roles},
    handler_row{"auth", "listRoles2", handlers::list_roles2},
    handler_row{"auth", "listRoleIds", handlers::list_role_ids},
    handler_row{"auth", "role", handlers::role},
    handler_row{"auth", "createRole", handlers::create_role},
    handler_row{"auth", "updateRole", handlers::update_role},
    handler_row{"auth", "deleteRole", handlers::delete_role},
    handler_row{"auth", "expandScopes", handlers::expand_scopes},
    handler_row{"auth", "currentScopes", handlers::current_scopes},
    handler_row{"auth", "authenticateHawk", handlers::authenticate_hawk},
    handler_row{"auth", "testAuthenticate", handlers::test_authenticate},
    handler_row{"auth", "testAuthenticateGet", handlers::test_authenticate_get},
    handler_row{"auth", "awsS3Credentials", handlers::aws_s3_credentials},
    handler_row{"auth", "azureAccounts", handlers::azure_accounts},
    handler_row{"auth", "azureTables", handlers::azure_tables},
    handler_row{"auth", "azureTableSAS", handlers::azure_table_sas},
    handler_row{"auth", "azureContainers", handlers::azure_containers},
    handler_row{"auth", "azureContainerSAS", handlers::azure_container_sas},
    handler_row{"auth", "sentryDSN", handlers::sentry_dsn},
    handler_row{"auth", "websocktunnelToken", handlers::websocktunnel_token},
    handler_row{"auth", "gcpCredentials", handlers::gcp_credentials},
    handler_row{"auth", "githubRepoToken", handlers::github_repo_token},
};

}  // namespace

api_handler find_handler(std::string_view service, std::string_view method) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const handler_row& row) {
    return row.method == method && (row.service == service || row.service == any_service);
  });
  return found == rows.end() ? nullptr : found->serve;
}

}  // namespace troupe
