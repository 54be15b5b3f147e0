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
};

}  // namespace

api_handler find_handler(std::string_view service, std::string_view method) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const handler_row& row) {
    return row.method == method && (row.service == service || row.service == any_service);
  });
  return found == rows.end() ? nullptr : found->serve;
}

}  // namespace troupe
