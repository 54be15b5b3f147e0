#pragma once

// Every typed actor interface of the company: reading this file is reading the architecture. Those
// of services stand in `messages/service_interfaces.hpp`.
// Answers to outside requests travel by reply handle, so all messages are one-way.

#include "messages/auth_commands.hpp"
#include "messages/explain_commands.hpp"
#include "messages/graph_commands.hpp"
#include "messages/group_commands.hpp"
#include "messages/index_commands.hpp"
#include "messages/log_commands.hpp"
#include "messages/maintenance_commands.hpp"
#include "messages/object_commands.hpp"
#include "messages/pool_commands.hpp"
#include "messages/purge_commands.hpp"
#include "messages/queue_commands.hpp"
#include "messages/register_commands.hpp"
#include "messages/remote_commands.hpp"
#include "messages/secret_commands.hpp"
#include "messages/service_interfaces.hpp"
#include "messages/session_commands.hpp"
#include "messages/supervision_commands.hpp"
#include "messages/task_commands.hpp"
#include "messages/worker_commands.hpp"

#include <caf/all.hpp>

namespace troupe {

/// One task: definition, runs, deadline, retries, dependents.
using task_actor = caf::typed_actor<
    // Write it down and make it pending, when group and dependencies agree.
    caf::result<void>(create_task),
    // Answer the definition.
    caf::result<void>(get_task),
    // Answer the status.
    caf::result<void>(get_status),
    // Answer what is known of why it does not run.
    caf::result<void>(explain_task),
    // A client makes it pending whatever it depends on.
    caf::result<void>(schedule_task),
    // A client wants another run.
    caf::result<void>(rerun_task),
    // A client wants no more of it.
    caf::result<void>(cancel_task),
    // A client wants other work to come first, or later.
    caf::result<void>(change_task_priority),
    // The group changes all its members.
    caf::result<void>(change_member),
    // A worker wants this very run.
    caf::result<void>(claim_task),
    // The queue has nothing against that worker, or has.
    caf::result<void>(claim_admitted),
    // The queue gives the run to a worker.
    caf::result<void>(claim_run),
    // The worker keeps its claim.
    caf::result<void>(reclaim_run),
    // The worker says how the run ended.
    caf::result<void>(report_run),
    // A claim did not reach its worker.
    caf::result<void>(return_run),
    // A run made something to keep.
    caf::result<void>(create_artifact),
    // Somebody wants what a run made.
    caf::result<void>(get_artifact),
    // Somebody wants to know what is known of one.
    caf::result<void>(describe_artifact),
    // Somebody wants to know what there is.
    caf::result<void>(list_artifacts),
    // An object artifact is complete.
    caf::result<void>(finish_artifact),
    // Its data will be uploaded.
    caf::result<void>(create_upload),
    // Its data are there.
    caf::result<void>(finish_upload),
    // Somebody wants its data.
    caf::result<void>(read_object),
    // An artifact has had its time.
    caf::result<void>(expire_artifact),
    // A task being created will depend on this one.
    caf::result<void>(reserve_dependent),
    // That task exists now: write the edge.
    caf::result<void>(confirm_dependent),
    // That task will not exist.
    caf::result<void>(withdraw_dependent),
    // A dependency answers a reservation.
    caf::result<void>(dependency_state),
    // A dependency resolved.
    caf::result<void>(dependency_resolved),
    // After a restart a waiting dependent registers again.
    caf::result<void>(resume_dependent),
    // Answer a page of those that depend on this one.
    caf::result<void>(list_dependents),
    // Group or dependent took the news of a resolution.
    caf::result<void>(effect_acknowledged),
    // The group answers a reservation.
    caf::result<void>(membership_answered),
    // A time has come: deadline, claim expiry, quiet time.
    caf::result<void>(task_timer_fired),
    // Queues or groups came back and have to hear of the task again.
    caf::result<void>(answer_roll),
    // The shard no longer knows this actor: it may go.
    caf::result<void>(leave_stage),
    // It will be created with the others of its graph: see what speaks against it.
    caf::result<void>(prepare_member),
    // The graph goes on.
    caf::result<void>(advance_member)>;

/// 1 of 64: finds, loads, spawns and lets go the tasks of its shard, and hands messages on.
/// Understands what a task understands.
using task_shard_actor = task_actor::extend<
    // A quiet task offers to go away.
    caf::result<void>(offer_leave),
    // A waiting task offers to rest in Redis.
    caf::result<void>(offer_rest),
    // Something is to be done for tasks that rest.
    caf::result<void>(wake_resting),
    // A task failed and needs a successor.
    caf::result<void>(task_failed),
    // All tasks are to tell queues or groups what these must know.
    caf::result<void>(call_roll),
    // Look for artifacts that have had their time.
    caf::result<void>(sweep_artifacts),
    // A task has looked after one.
    caf::result<void>(artifact_expired),
    // Remove artifacts or tasks that expire before a time.
    caf::result<void>(expire_now),
    // The shard before failed.
    caf::result<void>(take_over)>;

/// One task queue: pending order, waiting claims, claimed runs; all derived from the tasks.
using task_queue_actor = caf::typed_actor<
    // A run waits for a worker.
    caf::result<void>(enqueue_run),
    // A waiting run ended otherwise.
    caf::result<void>(dequeue_run),
    // A waiting run has another priority.
    caf::result<void>(reprioritise_run),
    // A worker claims a run past the order.
    caf::result<void>(admit_claim),
    // A claimed run ended.
    caf::result<void>(release_run),
    // After a restart: a run is claimed.
    caf::result<void>(resume_claim),
    // A worker keeps its claim.
    caf::result<void>(renew_claim),
    // A worker wants runs.
    caf::result<void>(claim_work),
    // That worker went away, or can wait no longer.
    caf::result<void>(withdraw_claim),
    // A task answers a claim.
    caf::result<void>(claim_answered),
    // Answer pending and claimed numbers.
    caf::result<void>(get_queue_counts),
    // Answer a page of what waits.
    caf::result<void>(list_pending_tasks),
    // Answer a page of what is claimed.
    caf::result<void>(list_claimed_tasks),
    // Answer the place of a run that waits, and who there is to take it.
    caf::result<void>(explain_run),
    // A worker gets no work for a while.
    caf::result<void>(set_quarantine),
    // The pool wants to hear of demand.
    caf::result<void>(watch_demand),
    // The pool has more workers than it needs.
    caf::result<void>(retire_workers),
    // A worker is gone.
    caf::result<void>(remove_worker),
    // The directory wants to know how busy it is.
    caf::result<void>(count_runs),
    // A waiting claim has waited long enough.
    caf::result<void>(queue_timer_fired)>;

/// The queues of one lane: spawns a queue when it is first named, and hands messages on.
using queue_directory_actor = task_queue_actor::extend<
    // Answer how busy all of them are.
    caf::result<void>(measure_runs),
    // A queue says how busy it is.
    caf::result<void>(runs_counted),
    // A queue failed and needs a successor.
    caf::result<void>(queue_failed),
    // The tasks of a shard have told again what queues must know.
    caf::result<void>(roll_called),
    // The directory before failed.
    caf::result<void>(take_over)>;

/// One task group: members, scheduler, whether all ever resolved.
using task_group_actor = caf::typed_actor<
    // A task being created wants to join.
    caf::result<void>(reserve_member),
    // That task exists now: write the membership.
    caf::result<void>(confirm_member),
    // That task will not exist.
    caf::result<void>(withdraw_member),
    // A member resolved for good.
    caf::result<void>(member_resolved),
    // After a restart: a live member.
    caf::result<void>(resume_member),
    // Answer a page of members.
    caf::result<void>(list_group),
    // Answer the group itself.
    caf::result<void>(get_group),
    // Answer whether it is closed, or being cancelled.
    caf::result<void>(explain_group),
    // It takes no more tasks.
    caf::result<void>(seal_group),
    // A client wants no more of its members.
    caf::result<void>(cancel_group),
    // A client wants all its members to come first, or later.
    caf::result<void>(change_group_priority),
    // A member changed as the others do, or did not.
    caf::result<void>(member_changed),
    // After a restart: go on with what was done to the members.
    caf::result<void>(resume_group_work),
    // After a restart: every live member was heard.
    caf::result<void>(members_counted),
    // To the directory: it has had its time. To the group: offer to go away if you are quiet.
    caf::result<void>(expire_group),
    // To the directory: a quiet group offers to go away. To the group: it may.
    caf::result<void>(leave_group)>;

/// The groups of one lane: loads or spawns a group when it is named, and hands messages on.
using group_directory_actor = task_group_actor::extend<
    // A group failed and needs a successor.
    caf::result<void>(group_failed),
    // Remove groups that expire before a time.
    caf::result<void>(expire_now),
    // The tasks of a shard have told again what groups must know.
    caf::result<void>(roll_called),
    // The directory before failed.
    caf::result<void>(take_over)>;

/// One graph of tasks that are created together, all or none.
using task_graph_actor = caf::typed_actor<
    // A client wants all these tasks.
    caf::result<void>(create_graph),
    // A member took a step, or cannot.
    caf::result<void>(member_advanced),
    // To the directory: it has come to its end. To the graph: it may go.
    caf::result<void>(leave_graph)>;

/// The graphs of one lane: spawns a graph when its key is named, and hands messages on.
using graph_directory_actor = task_graph_actor::extend<
    // A graph failed and needs a successor.
    caf::result<void>(graph_failed),
    // Look for keys that have had their time.
    caf::result<void>(sweep_graphs),
    // The directory before failed.
    caf::result<void>(take_over)>;

/// The record of one worker: when it was seen, what it ran last, whether it is quarantined.
using worker_actor = caf::typed_actor<
    // It asked for work, or for more time.
    caf::result<void>(worker_seen),
    // It was handed runs.
    caf::result<void>(worker_claimed),
    // Answer its record.
    caf::result<void>(get_worker),
    // It gets no work for a while.
    caf::result<void>(quarantine_worker),
    // Somebody says that it is there.
    caf::result<void>(declare_worker),
    // It is gone.
    caf::result<void>(worker_lost),
    // Its time may have come.
    caf::result<void>(check_worker),
    // Answer how it is listed.
    caf::result<void>(describe_worker),
    // A register wants to know how long it stays.
    caf::result<void>(note_workers),
    // What is not written yet is to be written now.
    caf::result<void>(write_workers),
    // To the directory: a quiet worker offers to go away. To the worker: it may.
    caf::result<void>(leave_worker)>;

/// The workers of one lane: loads a worker when it is named, and hands messages on.
using worker_directory_actor = worker_actor::extend<
    // Answer how these are listed.
    caf::result<void>(describe_workers),
    // A worker's record failed and needs a successor.
    caf::result<void>(worker_failed)>;

/// The register of one lane: which of its task queues were seen and when, and which workers each
/// has.
using queue_register_actor = caf::typed_actor<
    // Read what Redis holds.
    caf::result<void>(open_register),
    // Somebody worked for a queue.
    caf::result<void>(queue_seen),
    // Somebody declared a worker of it.
    caf::result<void>(queue_declared),
    // How long a worker stays, or that it is gone.
    caf::result<void>(worker_noted),
    // Answer a queue's record.
    caf::result<void>(get_task_queue),
    // Answer a page of queues or provisioners, of all lanes.
    caf::result<void>(list_queues),
    // The register of a lane wants this lane's part of a page.
    caf::result<void>(find_queues),
    // The part of a lane.
    caf::result<void>(queues_found),
    // Answer a worker's record, if its queue is known.
    caf::result<void>(get_worker),
    // Answer a page of a queue's workers.
    caf::result<void>(list_workers),
    // Answer how many workers a queue has.
    caf::result<void>(explain_workers),
    // Workers say how they are listed.
    caf::result<void>(workers_described),
    // Answer how busy the queues of the lane are.
    caf::result<void>(measure_queues),
    // What is not written yet is to be written now.
    caf::result<void>(write_workers),
    // Remove queues that expire before a time.
    caf::result<void>(expire_now),
    // A record or a worker may have expired, or something is to be written.
    caf::result<void>(register_timer_fired)>;

/// One worker pool: how many workers there should be, and which there are.
using worker_type_actor = caf::typed_actor<
    // The queue's numbers changed.
    caf::result<void>(demand_changed),
    // A worker was seen for the first time.
    caf::result<void>(worker_seen),
    // The queue chose idle workers that can go.
    caf::result<void>(workers_retired),
    // The queue has given back what a lost worker ran.
    caf::result<void>(worker_removed),
    // A worker ended, or never began.
    caf::result<void>(worker_exited),
    // The provisioner says what there is.
    caf::result<void>(workers_reported),
    // The queue or the pool is new: watch its demand.
    caf::result<void>(watch_queues),
    // Answer what it has, may have and tries.
    caf::result<void>(explain_pool),
    // A pause is over, or a time to look at surplus has come.
    caf::result<void>(pool_timer_fired)>;

/// The pools of one lane: hands messages on; those for queues without a pool end here.
using pool_directory_actor = worker_type_actor::extend<
    // A pool failed and needs a successor.
    caf::result<void>(pool_failed)>;

/// One provider of machines: knows which run, and starts and stops them.
using provisioner_actor = caf::typed_actor<
    // A pool wants another worker.
    caf::result<void>(start_worker),
    // A pool has a worker too many.
    caf::result<void>(stop_worker),
    // A pool wants to know what there is.
    caf::result<void>(report_workers),
    // A machine ended or could not be started.
    caf::result<void>(machine_ended)>;

/// The live logs of one lane: bounded memory, a spool file and the followers of each.
using log_directory_actor = caf::typed_actor<
    // The worker wrote something.
    caf::result<void>(append_log),
    // The log is complete.
    caf::result<void>(finish_log),
    // Somebody wants to read along.
    caf::result<void>(follow_log),
    // A follower took what it was told, or left.
    caf::result<void>(follower_ready),
    // The worker may be gone.
    caf::result<void>(log_run_resolved)>;

/// Makes artifacts of the logs of one lane that lost workers left.
using log_keeper_actor = caf::typed_actor<
    // One is whole.
    caf::result<void>(keep_log),
    // Look for what was left when the server ended.
    caf::result<void>(review_logs)>;

/// A worker program, as the server reaches it over the CAF port.
using worker_link_actor = caf::typed_actor<
    // Stop a run that somebody else resolved.
    caf::result<void>(abort_run),
    // Say that it is there.
    caf::result<void>(are_you_there),
    // Expect no questions until there are runs again.
    caf::result<void>(no_more_questions)>;

/// The server's end of one connected worker.
using worker_session_actor = caf::typed_actor<
    // Call an API method.
    caf::result<remote_answer>(remote_call),
    // The claim that waits can wait no longer.
    caf::result<void>(stop_waiting),
    // The worker ends.
    caf::result<void>(leave_server)>;

/// What is published on the CAF port: lets workers in.
using remote_door_actor = caf::typed_actor<
    // Say what the server is.
    caf::result<server_introduction>(ask_server),
    // Check the credentials and open a session: 200 and the session, or an error status and why.
    caf::result<remote_answer, worker_session_actor>(worker_hello, worker_link_actor)>;

/// The session of a worker, as the server's own lanes speak to it.
using worker_session_shell_actor = worker_session_actor::extend<
    // A call was answered.
    caf::result<void>(call_answered),
    // Tell the worker that a run was resolved by somebody else.
    caf::result<void>(abort_run),
    // The worker has runs, and is asked whether it is there, or has none any more.
    caf::result<void>(mind_worker),
    // The worker may be gone.
    caf::result<void>(doubt_worker),
    // The worker was not let in, or the server ends.
    caf::result<void>(end_session)>;

/// The worker's end of the link, as the rest of the worker program speaks to it.
using worker_link_shell_actor = worker_link_actor::extend<
    // Ask the server who it is.
    caf::result<void>(greet_server),
    // Say hello.
    caf::result<void>(enter_server),
    // Make a call.
    caf::result<void>(place_call),
    // Let a claim end its wait.
    caf::result<void>(hurry_claim),
    // Say that the worker ends.
    caf::result<void>(say_farewell),
    // End the link.
    caf::result<void>(end_session)>;

/// The door, as the server's own lanes speak to it.
using remote_door_shell_actor = remote_door_actor::extend<
    // A worker was let in, or not.
    caf::result<void>(hello_answered),
    // The server ends.
    caf::result<void>(end_session)>;

}  // namespace troupe

#include "messages/type_ids.hpp"
