#pragma once

#include "gateways/rest/request_context.hpp"

#include <string_view>

namespace troupe {

/// Which function serves which method of a service.
struct handler_row {
  std::string_view service;
  std::string_view method;
  api_handler serve;
};

/// The handler of a method; null for one that is not served yet.
api_handler find_handler(std::string_view service, std::string_view method);

// One file of handlers a category of methods; each function has the name of its method.

namespace handlers {

// monitoring.cpp
void ping(request_context& call);
void lbheartbeat(request_context& call);
void heartbeat(request_context& call);
void version(request_context& call);

// tasks.cpp
void create_task(request_context& call);
void task(request_context& call);
void status(request_context& call);
void schedule_task(request_context& call);
void rerun_task(request_context& call);
void cancel_task(request_context& call);
void change_task_priority(request_context& call);
void list_dependent_tasks(request_context& call);

// bulk.cpp
void tasks(request_context& call);
void statuses(request_context& call);

// claims.cpp
void claim_work(request_context& call);
void claim_task(request_context& call);
void reclaim_task(request_context& call);

// reports.cpp
void report_completed(request_context& call);
void report_failed(request_context& call);
void report_exception(request_context& call);

// artifacts.cpp
void create_artifact(request_context& call);
void finish_artifact(request_context& call);
void get_artifact(request_context& call);
void get_latest_artifact(request_context& call);
void list_artifacts(request_context& call);
void list_latest_artifacts(request_context& call);
void artifact_info(request_context& call);
void latest_artifact_info(request_context& call);
void artifact(request_context& call);
void latest_artifact(request_context& call);

// objects.cpp
void create_upload(request_context& call);
void finish_upload(request_context& call);
void start_download(request_context& call);
void object(request_context& call);
void download(request_context& call);

// groups.cpp
void list_task_group(request_context& call);
void get_task_group(request_context& call);
void seal_task_group(request_context& call);
void cancel_task_group(request_context& call);
void change_task_group_priority(request_context& call);

// counts.cpp
void task_queue_counts(request_context& call);
void pending_tasks(request_context& call);
void list_pending_tasks(request_context& call);
void list_claimed_tasks(request_context& call);

// queues.cpp
void list_provisioners(request_context& call);
void get_provisioner(request_context& call);
void list_task_queues(request_context& call);
void get_task_queue(request_context& call);
void list_worker_types(request_context& call);
void get_worker_type(request_context& call);

// workers.cpp
void list_workers(request_context& call);
void get_worker(request_context& call);
void quarantine_worker(request_context& call);
void declare_worker(request_context& call);

// secrets.cpp
void set_secret(request_context& call);
void remove_secret(request_context& call);
void get_secret(request_context& call);
void list_secrets(request_context& call);

// purge_cache.cpp
void purge_cache(request_context& call);
void all_purge_requests(request_context& call);
void purge_requests(request_context& call);

// index.cpp
void find_task(request_context& call);
void find_tasks_at_index(request_context& call);
void list_namespaces(request_context& call);
void list_indexed_tasks(request_context& call);
void insert_task(request_context& call);
void delete_task(request_context& call);

// index_artifacts.cpp
void find_artifact_from_task(request_context& call);
// auth_clients.cpp
void list_clients(request_context& call);
void client(request_context& call);
void create_client(request_context& call);
void update_client(request_context& call);
void reset_access_token(request_context& call);
void enable_client(request_context& call);
void disable_client(request_context& call);
void delete_client(request_context& call);
void get_entity_history(request_context& call);
void list_audit_history(request_context& call);

// auth_roles.cpp
void list_roles(request_context& call);
void list_roles2(request_context& call);
void list_role_ids(request_context& call);
void role(request_context& call);
void create_role(request_context& call);
void update_role(request_context& call);
void delete_role(request_context& call);

// auth_scopes.cpp
void expand_scopes(request_context& call);
void current_scopes(request_context& call);
void authenticate_hawk(request_context& call);
void test_authenticate(request_context& call);
void test_authenticate_get(request_context& call);

// auth_credentials.cpp
void aws_s3_credentials(request_context& call);
void azure_accounts(request_context& call);
void azure_tables(request_context& call);
void azure_table_sas(request_context& call);
void azure_containers(request_context& call);
void azure_container_sas(request_context& call);
void sentry_dsn(request_context& call);
void websocktunnel_token(request_context& call);
void gcp_credentials(request_context& call);
void github_repo_token(request_context& call);

}  // namespace handlers

}  // namespace troupe
