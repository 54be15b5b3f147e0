#pragma once

#include "messages/auth_commands.hpp"
#include "messages/explain_commands.hpp"
#include "messages/graph_commands.hpp"
#include "messages/group_commands.hpp"
#include "messages/index_commands.hpp"
#include "messages/log_commands.hpp"
#include "messages/maintenance_commands.hpp"
#include "messages/mirror_commands.hpp"
#include "messages/object_commands.hpp"
#include "messages/pool_commands.hpp"
#include "messages/purge_commands.hpp"
#include "messages/queue_commands.hpp"
#include "messages/register_commands.hpp"
#include "messages/secret_commands.hpp"
#include "messages/supervision_commands.hpp"
#include "messages/task_commands.hpp"
#include "messages/worker_commands.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace troupe {

class lane;

/// Finds the actor a command is for and hands it over: at once when it lives on the calling lane,
/// by a post to its own lane otherwise, and then only after what the calling lane committed before
/// is safe. Commands for which there is no actor go nowhere; who waits for an answer hears that the
/// server cannot give it now. Shared by gateways and actors.
class switchboard {
 public:
  struct handles;

  /// `lanes` in order of their index.
  explicit switchboard(std::vector<lane*> lanes);
  ~switchboard();

  std::size_t lane_count() const { return lanes_.size(); }

  /// The typed handles, filled in by the company as it is spawned.
  handles& directory() { return *handles_; }

  /// Whether commands that somebody waits for are handed over. While they are not, he hears that
  /// the server cannot answer now. From any thread; at first they are.
  void admit(bool commands) { admits_.store(commands, std::memory_order_relaxed); }

  // From the calling lane to a task.
  void tell(lane& from, create_task command);
  void tell(lane& from, get_task command);
  void tell(lane& from, get_status command);
  void tell(lane& from, explain_task command);
  void tell(lane& from, schedule_task command);
  void tell(lane& from, rerun_task command);
  void tell(lane& from, cancel_task command);
  void tell(lane& from, change_task_priority command);
  void tell(lane& from, change_member command);
  void tell(lane& from, claim_task command);
  void tell(lane& from, claim_admitted command);
  void tell(lane& from, claim_run command);
  void tell(lane& from, reclaim_run command);
  void tell(lane& from, report_run command);
  void tell(lane& from, return_run command);
  void tell(lane& from, create_artifact command);
  void tell(lane& from, get_artifact command);
  void tell(lane& from, finish_artifact command);
  void tell(lane& from, create_upload command);
  void tell(lane& from, finish_upload command);
  void tell(lane& from, read_object command);
  void tell(lane& from, describe_artifact command);
  void tell(lane& from, list_artifacts command);
  void tell(lane& from, expire_artifact command);
  void tell(lane& from, artifact_expired command);
  void tell(lane& from, reserve_dependent command);
  void tell(lane& from, confirm_dependent command);
  void tell(lane& from, withdraw_dependent command);
  void tell(lane& from, dependency_state command);
  void tell(lane& from, dependency_resolved command);
  void tell(lane& from, resume_dependent command);
  void tell(lane& from, list_dependents command);
  void tell(lane& from, effect_acknowledged command);
  void tell(lane& from, membership_answered command);
  void tell(lane& from, offer_leave command);
  void tell(lane& from, offer_rest command);
  void tell(lane& from, task_failed command);
  void tell(lane& from, call_roll command);

  // To a task queue.
  void tell(lane& from, enqueue_run command);
  void tell(lane& from, dequeue_run command);
  void tell(lane& from, reprioritise_run command);
  void tell(lane& from, admit_claim command);
  void tell(lane& from, release_run command);
  void tell(lane& from, resume_claim command);
  void tell(lane& from, renew_claim command);
  void tell(lane& from, claim_work command);
  void tell(lane& from, withdraw_claim command);
  void tell(lane& from, claim_answered command);
  void tell(lane& from, get_queue_counts command);
  void tell(lane& from, list_pending_tasks command);
  void tell(lane& from, list_claimed_tasks command);
  void tell(lane& from, explain_run command);
  void tell(lane& from, set_quarantine command);
  void tell(lane& from, watch_demand command);
  void tell(lane& from, retire_workers command);
  void tell(lane& from, remove_worker command);
  void tell(lane& from, queue_failed command);
  void tell(lane& from, count_runs command);
  void tell(lane& from, runs_counted command);
  // To all of a lane.
  void tell(lane& from, measure_runs command);

  // To a task group.
  void tell(lane& from, reserve_member command);
  void tell(lane& from, confirm_member command);
  void tell(lane& from, withdraw_member command);
  void tell(lane& from, member_resolved command);
  void tell(lane& from, resume_member command);
  void tell(lane& from, list_group command);
  void tell(lane& from, get_group command);
  void tell(lane& from, explain_group command);
  void tell(lane& from, seal_group command);
  void tell(lane& from, cancel_group command);
  void tell(lane& from, change_group_priority command);
  void tell(lane& from, member_changed command);
  void tell(lane& from, leave_group command);
  void tell(lane& from, group_failed command);
  void tell(lane& from, expire_group command);

  // To a member of a task graph, and to the graph.
  void tell(lane& from, prepare_member command);
  void tell(lane& from, advance_member command);
  void tell(lane& from, create_graph command);
  void tell(lane& from, member_advanced command);
  void tell(lane& from, leave_graph command);
  void tell(lane& from, graph_failed command);

  // To the directory that called the roll.
  void tell(lane& from, roll_called command);

  // To the record of a worker.
  void tell(lane& from, worker_seen command);
  void tell(lane& from, worker_claimed command);
  void tell(lane& from, quarantine_worker command);
  void tell(lane& from, declare_worker command);
  void tell(lane& from, check_worker command);
  void tell(lane& from, describe_worker command);
  void tell(lane& from, worker_lost command);
  void tell(lane& from, leave_worker command);
  void tell(lane& from, worker_failed command);

  void tell_record(lane& from, get_worker command);
  // To those of a lane.
  void tell(lane& from, describe_workers command);
  void tell(lane& from, note_workers command);

  // To the register of the queue.
  void tell(lane& from, queue_seen command);
  void tell(lane& from, queue_declared command);
  void tell(lane& from, worker_noted command);
  void tell(lane& from, get_task_queue command);
  void tell(lane& from, get_worker command);
  void tell(lane& from, list_workers command);
  void tell(lane& from, explain_workers command);
  void tell(lane& from, workers_described command);
  // To that of a lane.
  void tell(lane& from, list_queues command);
  void tell(lane& from, find_queues command);
  void tell(lane& from, queues_found command);
  void tell(lane& from, measure_queues command);

  // To the worker pool of a queue.
  void tell(lane& from, demand_changed command);
  void tell(lane& from, workers_retired command);
  void tell(lane& from, worker_removed command);
  void tell(lane& from, worker_exited command);
  void tell(lane& from, workers_reported command);
  void tell(lane& from, explain_pool command);
  void tell(lane& from, pool_failed command);
  /// A worker of the queue was seen for the first time.
  void tell_pool(lane& from, worker_seen command);

  // To a provisioner.
  void tell(lane& from, start_worker command);
  void tell(lane& from, stop_worker command);
  void tell(lane& from, report_workers command);
  void tell(lane& from, machine_ended command);

  // To a live log.
  void tell(lane& from, append_log command);
  void tell(lane& from, finish_log command);
  void tell(lane& from, follow_log command);
  void tell(lane& from, log_run_resolved command);
  void tell(lane& from, follower_ready command);
  // To the keeper of logs of a lane.
  void tell(lane& from, keep_log command);
  void tell(lane& from, review_logs command);

  // To the services of secrets, of the index and of purge requests.
  void tell(lane& from, set_secret command);
  void tell(lane& from, remove_secret command);
  void tell(lane& from, get_secret command);
  void tell(lane& from, list_secrets command);
  void tell(lane& from, insert_indexed command);
  void tell(lane& from, delete_indexed command);
  void tell(lane& from, find_indexed command);
  void tell(lane& from, find_all_indexed command);
  void tell(lane& from, list_indexed command);
  void tell(lane& from, index_completed command);
  void tell(lane& from, index_told command);
  void tell(lane& from, catch_up_index command);
  void tell(lane& from, request_purge command);
  void tell(lane& from, list_purge_requests command);
  void tell(lane& from, find_purge_requests command);
  // To the service of objects.
  void tell(lane& from, create_object command);
  void tell(lane& from, finish_object command);
  void tell(lane& from, find_object command);
  // To the keeper of copies, if there is one.
  void tell(lane& from, find_copy command);
  void tell(lane& from, forget_copies command);
  void tell(lane& from, purge_copy command);
  // To whoever looks for what expired.
  void tell(lane& from, expire_now command);
  // To the owner of clients and roles.
  void tell(lane& from, read_auth command);
  void tell(lane& from, change_client command);
  void tell(lane& from, change_role command);
  void tell(lane& from, client_used command);

 private:
  template <class Handle, class Command>
  void hand_over(lane& from, std::uint16_t to_lane, const Handle& to, Command&& command);

  std::vector<lane*> lanes_;
  std::unique_ptr<handles> handles_;
  std::atomic<bool> admits_{true};
};

}  // namespace troupe
