#pragma once

// Every typed actor interface of the company: reading this file is reading the architecture.
// Answers to outside requests travel by reply handle, so all messages are one-way.

#include "messages/auth_commands.hpp"
#include "messages/group_commands.hpp"
#include "messages/log_commands.hpp"
#include "messages/pool_commands.hpp"
#include "messages/queue_commands.hpp"
#include "messages/remote_commands.hpp"
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
    // A client makes it pending whatever it depends on.
    caf::result<void>(schedule_task),
    // A client wants another run.
    caf::result<void>(rerun_task),
    // A client wants no more of it.
    caf::result<void>(cancel_task),
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
    // Group or dependent took the news of a resolution.
    caf::result<void>(effect_acknowledged),
    // The group answers a reservation.
    caf::result<void>(membership_answered),
    // A time has come: deadline, claim expiry, quiet time.
    caf::result<void>(task_timer_fired),
    // Queues or groups came back and have to hear of the task again.
    caf::result<void>(answer_roll),
    // The shard no longer knows this actor: it may go.
    caf::result<void>(leave_stage)>;

/// 1 of 64: finds, loads, spawns and lets go the tasks of its shard, and hands messages on.
/// Understands what a task understands.
using task_shard_actor = task_actor::extend<
    // A quiet task offers to go away.
    caf::result<void>(offer_leave),
    // A task failed and needs a successor.
    caf::result<void>(task_failed),
    // All tasks are to tell queues or groups what these must know.
    caf::result<void>(call_roll),
    // The shard before failed.
    caf::result<void>(take_over)>;

/// One task queue: pending order, waiting claims, claimed runs; all derived from the tasks.
using task_queue_actor = caf::typed_actor<
    // A run waits for a worker.
    caf::result<void>(enqueue_run),
    // A waiting run ended otherwise.
    caf::result<void>(dequeue_run),
    // A claimed run ended.
    caf::result<void>(release_run),
    // After a restart: a run is claimed.
    caf::result<void>(resume_claim),
    // A worker wants runs.
    caf::result<void>(claim_work),
    // That worker went away, or can wait no longer.
    caf::result<void>(withdraw_claim),
    // A task answers a claim.
    caf::result<void>(claim_answered),
    // Answer pending and claimed numbers.
    caf::result<void>(get_queue_counts),
    // A worker gets no work for a while.
    caf::result<void>(set_quarantine),
    // The pool wants to hear of demand.
    caf::result<void>(watch_demand),
    // The pool has more workers than it needs.
    caf::result<void>(retire_workers),
    // A worker is gone.
    caf::result<void>(remove_worker),
    // A waiting claim has waited long enough.
    caf::result<void>(queue_timer_fired)>;

/// The queues of one lane: spawns a queue when it is first named, and hands messages on.
using queue_directory_actor = task_queue_actor::extend<
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
    // After a restart: every live member was heard.
    caf::result<void>(members_counted),
    // To the directory: a quiet group offers to go away. To the group: it may.
    caf::result<void>(leave_group)>;

/// The groups of one lane: loads or spawns a group when it is named, and hands messages on.
using group_directory_actor = task_group_actor::extend<
    // A group failed and needs a successor.
    caf::result<void>(group_failed),
    // The tasks of a shard have told again what groups must know.
    caf::result<void>(roll_called),
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
    // It is gone.
    caf::result<void>(worker_lost),
    // What is not written yet is to be written now.
    caf::result<void>(write_workers),
    // To the directory: a quiet worker offers to go away. To the worker: it may.
    caf::result<void>(leave_worker)>;

/// The workers of one lane: loads a worker when it is named, and hands messages on.
using worker_directory_actor = worker_actor::extend<
    // A queue of this lane has this worker.
    caf::result<void>(enlist_worker),
    // A worker's record failed and needs a successor.
    caf::result<void>(worker_failed)>;

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

/// The owner of clients and roles; gateways work with the snapshots it publishes.
using auth_actor = caf::typed_actor<
    // Read clients and roles, and publish.
    caf::result<void>(open_auth)>;

/// The live logs of one lane: bounded memory, a spool file and the followers of each.
using log_directory_actor = caf::typed_actor<
    // The worker wrote something.
    caf::result<void>(append_log),
    // The log is complete.
    caf::result<void>(finish_log),
    // Somebody wants to read along.
    caf::result<void>(follow_log),
    // A follower took what it was told, or left.
    caf::result<void>(follower_ready)>;

/// A worker program, as the server reaches it over the CAF port.
using worker_link_actor = caf::typed_actor<
    // Stop a run that somebody else resolved.
    caf::result<void>(abort_run)>;

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

// The append-only block of type ids of what stays within the server.
CAF_BEGIN_TYPE_ID_BLOCK(troupe, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(troupe, (troupe::create_task))
CAF_ADD_TYPE_ID(troupe, (troupe::get_task))
CAF_ADD_TYPE_ID(troupe, (troupe::get_status))
CAF_ADD_TYPE_ID(troupe, (troupe::schedule_task))
CAF_ADD_TYPE_ID(troupe, (troupe::rerun_task))
CAF_ADD_TYPE_ID(troupe, (troupe::cancel_task))
CAF_ADD_TYPE_ID(troupe, (troupe::claim_run))
CAF_ADD_TYPE_ID(troupe, (troupe::reclaim_run))
CAF_ADD_TYPE_ID(troupe, (troupe::report_run))
CAF_ADD_TYPE_ID(troupe, (troupe::return_run))
CAF_ADD_TYPE_ID(troupe, (troupe::create_artifact))
CAF_ADD_TYPE_ID(troupe, (troupe::get_artifact))
CAF_ADD_TYPE_ID(troupe, (troupe::reserve_dependent))
CAF_ADD_TYPE_ID(troupe, (troupe::confirm_dependent))
CAF_ADD_TYPE_ID(troupe, (troupe::withdraw_dependent))
CAF_ADD_TYPE_ID(troupe, (troupe::dependency_state))
CAF_ADD_TYPE_ID(troupe, (troupe::dependency_resolved))
CAF_ADD_TYPE_ID(troupe, (troupe::resume_dependent))
CAF_ADD_TYPE_ID(troupe, (troupe::effect_acknowledged))
CAF_ADD_TYPE_ID(troupe, (troupe::membership_answered))
CAF_ADD_TYPE_ID(troupe, (troupe::task_timer_fired))
CAF_ADD_TYPE_ID(troupe, (troupe::enqueue_run))
CAF_ADD_TYPE_ID(troupe, (troupe::dequeue_run))
CAF_ADD_TYPE_ID(troupe, (troupe::release_run))
CAF_ADD_TYPE_ID(troupe, (troupe::resume_claim))
CAF_ADD_TYPE_ID(troupe, (troupe::claim_work))
CAF_ADD_TYPE_ID(troupe, (troupe::withdraw_claim))
CAF_ADD_TYPE_ID(troupe, (troupe::claim_answered))
CAF_ADD_TYPE_ID(troupe, (troupe::get_queue_counts))
CAF_ADD_TYPE_ID(troupe, (troupe::set_quarantine))
CAF_ADD_TYPE_ID(troupe, (troupe::watch_demand))
CAF_ADD_TYPE_ID(troupe, (troupe::queue_timer_fired))
CAF_ADD_TYPE_ID(troupe, (troupe::demand_changed))
CAF_ADD_TYPE_ID(troupe, (troupe::worker_seen))
CAF_ADD_TYPE_ID(troupe, (troupe::worker_claimed))
CAF_ADD_TYPE_ID(troupe, (troupe::reserve_member))
CAF_ADD_TYPE_ID(troupe, (troupe::confirm_member))
CAF_ADD_TYPE_ID(troupe, (troupe::withdraw_member))
CAF_ADD_TYPE_ID(troupe, (troupe::member_resolved))
CAF_ADD_TYPE_ID(troupe, (troupe::resume_member))
CAF_ADD_TYPE_ID(troupe, (troupe::list_group))
CAF_ADD_TYPE_ID(troupe, (troupe::append_log))
CAF_ADD_TYPE_ID(troupe, (troupe::finish_log))
CAF_ADD_TYPE_ID(troupe, (troupe::follow_log))
CAF_ADD_TYPE_ID(troupe, (troupe::follower_ready))
CAF_ADD_TYPE_ID(troupe, (troupe::leave_stage))
CAF_ADD_TYPE_ID(troupe, (troupe::offer_leave))
CAF_ADD_TYPE_ID(troupe, (troupe::leave_group))
CAF_ADD_TYPE_ID(troupe, (troupe::worker_name))
CAF_ADD_TYPE_ID(troupe, (troupe::task_id))
CAF_ADD_TYPE_ID(troupe, (troupe::get_worker))
CAF_ADD_TYPE_ID(troupe, (troupe::quarantine_worker))
CAF_ADD_TYPE_ID(troupe, (troupe::enlist_worker))
CAF_ADD_TYPE_ID(troupe, (troupe::leave_worker))
CAF_ADD_TYPE_ID(troupe, (troupe::worker_lost))
CAF_ADD_TYPE_ID(troupe, (troupe::write_workers))
CAF_ADD_TYPE_ID(troupe, (troupe::workers_retired))
CAF_ADD_TYPE_ID(troupe, (troupe::worker_removed))
CAF_ADD_TYPE_ID(troupe, (troupe::retire_workers))
CAF_ADD_TYPE_ID(troupe, (troupe::remove_worker))
CAF_ADD_TYPE_ID(troupe, (troupe::start_worker))
CAF_ADD_TYPE_ID(troupe, (troupe::stop_worker))
CAF_ADD_TYPE_ID(troupe, (troupe::report_workers))
CAF_ADD_TYPE_ID(troupe, (troupe::worker_exited))
CAF_ADD_TYPE_ID(troupe, (troupe::workers_reported))
CAF_ADD_TYPE_ID(troupe, (troupe::machine_ended))
CAF_ADD_TYPE_ID(troupe, (troupe::watch_queues))
CAF_ADD_TYPE_ID(troupe, (troupe::pool_timer_fired))
CAF_ADD_TYPE_ID(troupe, (troupe::open_auth))
CAF_ADD_TYPE_ID(troupe, (troupe::task_failed))
CAF_ADD_TYPE_ID(troupe, (troupe::group_failed))
CAF_ADD_TYPE_ID(troupe, (troupe::queue_failed))
CAF_ADD_TYPE_ID(troupe, (troupe::worker_failed))
CAF_ADD_TYPE_ID(troupe, (troupe::pool_failed))
CAF_ADD_TYPE_ID(troupe, (troupe::call_roll))
CAF_ADD_TYPE_ID(troupe, (troupe::answer_roll))
CAF_ADD_TYPE_ID(troupe, (troupe::roll_called))
CAF_ADD_TYPE_ID(troupe, (troupe::members_counted))
CAF_ADD_TYPE_ID(troupe, (troupe::take_over))
CAF_ADD_TYPE_ID(troupe, (troupe::call_answered))
CAF_ADD_TYPE_ID(troupe, (troupe::hello_answered))
CAF_ADD_TYPE_ID(troupe, (troupe::end_session))
CAF_ADD_TYPE_ID(troupe, (troupe::greet_server))
CAF_ADD_TYPE_ID(troupe, (troupe::enter_server))
CAF_ADD_TYPE_ID(troupe, (troupe::place_call))
CAF_ADD_TYPE_ID(troupe, (troupe::hurry_claim))
CAF_ADD_TYPE_ID(troupe, (troupe::say_farewell))
CAF_END_TYPE_ID_BLOCK(troupe)

// What crosses the CAF port. These ids are part of the protocol, so they do not move when messages
// are added above.
CAF_BEGIN_TYPE_ID_BLOCK(troupe_remote, caf::first_custom_type_id + 1000)
CAF_ADD_TYPE_ID(troupe_remote, (troupe::ask_server))
CAF_ADD_TYPE_ID(troupe_remote, (troupe::server_introduction))
CAF_ADD_TYPE_ID(troupe_remote, (troupe::worker_hello))
CAF_ADD_TYPE_ID(troupe_remote, (troupe::remote_call))
CAF_ADD_TYPE_ID(troupe_remote, (troupe::remote_answer))
CAF_ADD_TYPE_ID(troupe_remote, (troupe::stop_waiting))
CAF_ADD_TYPE_ID(troupe_remote, (troupe::leave_server))
CAF_ADD_TYPE_ID(troupe_remote, (troupe::abort_run))
CAF_ADD_TYPE_ID(troupe_remote, (troupe::worker_link_actor))
CAF_ADD_TYPE_ID(troupe_remote, (troupe::worker_session_actor))
CAF_ADD_TYPE_ID(troupe_remote, (troupe::remote_door_actor))
CAF_END_TYPE_ID_BLOCK(troupe_remote)

// Messages between actors of one node are never serialized.
#define TROUPE_LOCAL_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::type)
TROUPE_LOCAL_MESSAGE(create_task)
TROUPE_LOCAL_MESSAGE(get_task)
TROUPE_LOCAL_MESSAGE(get_status)
TROUPE_LOCAL_MESSAGE(schedule_task)
TROUPE_LOCAL_MESSAGE(rerun_task)
TROUPE_LOCAL_MESSAGE(cancel_task)
TROUPE_LOCAL_MESSAGE(claim_run)
TROUPE_LOCAL_MESSAGE(reclaim_run)
TROUPE_LOCAL_MESSAGE(report_run)
TROUPE_LOCAL_MESSAGE(return_run)
TROUPE_LOCAL_MESSAGE(create_artifact)
TROUPE_LOCAL_MESSAGE(get_artifact)
TROUPE_LOCAL_MESSAGE(reserve_dependent)
TROUPE_LOCAL_MESSAGE(confirm_dependent)
TROUPE_LOCAL_MESSAGE(withdraw_dependent)
TROUPE_LOCAL_MESSAGE(dependency_state)
TROUPE_LOCAL_MESSAGE(dependency_resolved)
TROUPE_LOCAL_MESSAGE(resume_dependent)
TROUPE_LOCAL_MESSAGE(effect_acknowledged)
TROUPE_LOCAL_MESSAGE(membership_answered)
TROUPE_LOCAL_MESSAGE(task_timer_fired)
TROUPE_LOCAL_MESSAGE(enqueue_run)
TROUPE_LOCAL_MESSAGE(dequeue_run)
TROUPE_LOCAL_MESSAGE(release_run)
TROUPE_LOCAL_MESSAGE(resume_claim)
TROUPE_LOCAL_MESSAGE(claim_work)
TROUPE_LOCAL_MESSAGE(withdraw_claim)
TROUPE_LOCAL_MESSAGE(claim_answered)
TROUPE_LOCAL_MESSAGE(get_queue_counts)
TROUPE_LOCAL_MESSAGE(set_quarantine)
TROUPE_LOCAL_MESSAGE(watch_demand)
TROUPE_LOCAL_MESSAGE(queue_timer_fired)
TROUPE_LOCAL_MESSAGE(demand_changed)
TROUPE_LOCAL_MESSAGE(worker_seen)
TROUPE_LOCAL_MESSAGE(worker_claimed)
TROUPE_LOCAL_MESSAGE(reserve_member)
TROUPE_LOCAL_MESSAGE(confirm_member)
TROUPE_LOCAL_MESSAGE(withdraw_member)
TROUPE_LOCAL_MESSAGE(member_resolved)
TROUPE_LOCAL_MESSAGE(resume_member)
TROUPE_LOCAL_MESSAGE(list_group)
TROUPE_LOCAL_MESSAGE(append_log)
TROUPE_LOCAL_MESSAGE(finish_log)
TROUPE_LOCAL_MESSAGE(follow_log)
TROUPE_LOCAL_MESSAGE(follower_ready)
TROUPE_LOCAL_MESSAGE(leave_stage)
TROUPE_LOCAL_MESSAGE(offer_leave)
TROUPE_LOCAL_MESSAGE(leave_group)
TROUPE_LOCAL_MESSAGE(get_worker)
TROUPE_LOCAL_MESSAGE(quarantine_worker)
TROUPE_LOCAL_MESSAGE(enlist_worker)
TROUPE_LOCAL_MESSAGE(leave_worker)
TROUPE_LOCAL_MESSAGE(worker_lost)
TROUPE_LOCAL_MESSAGE(write_workers)
TROUPE_LOCAL_MESSAGE(workers_retired)
TROUPE_LOCAL_MESSAGE(worker_removed)
TROUPE_LOCAL_MESSAGE(retire_workers)
TROUPE_LOCAL_MESSAGE(remove_worker)
TROUPE_LOCAL_MESSAGE(start_worker)
TROUPE_LOCAL_MESSAGE(stop_worker)
TROUPE_LOCAL_MESSAGE(report_workers)
TROUPE_LOCAL_MESSAGE(worker_exited)
TROUPE_LOCAL_MESSAGE(workers_reported)
TROUPE_LOCAL_MESSAGE(machine_ended)
TROUPE_LOCAL_MESSAGE(watch_queues)
TROUPE_LOCAL_MESSAGE(pool_timer_fired)
TROUPE_LOCAL_MESSAGE(open_auth)
TROUPE_LOCAL_MESSAGE(task_failed)
TROUPE_LOCAL_MESSAGE(group_failed)
TROUPE_LOCAL_MESSAGE(queue_failed)
TROUPE_LOCAL_MESSAGE(worker_failed)
TROUPE_LOCAL_MESSAGE(pool_failed)
TROUPE_LOCAL_MESSAGE(call_roll)
TROUPE_LOCAL_MESSAGE(answer_roll)
TROUPE_LOCAL_MESSAGE(roll_called)
TROUPE_LOCAL_MESSAGE(members_counted)
TROUPE_LOCAL_MESSAGE(take_over)
TROUPE_LOCAL_MESSAGE(call_answered)
TROUPE_LOCAL_MESSAGE(hello_answered)
TROUPE_LOCAL_MESSAGE(end_session)
TROUPE_LOCAL_MESSAGE(greet_server)
TROUPE_LOCAL_MESSAGE(enter_server)
TROUPE_LOCAL_MESSAGE(place_call)
TROUPE_LOCAL_MESSAGE(hurry_claim)
TROUPE_LOCAL_MESSAGE(say_farewell)
#undef TROUPE_LOCAL_MESSAGE
