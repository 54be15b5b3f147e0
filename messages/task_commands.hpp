#pragma once

#include "messages/caller.hpp"
#include "messages/group_commands.hpp"
#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"
#include "messages/task_definition.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

// Everything a task is told. The first member of each command is the task it is for: the shard
// finds the task by it, and hands the command on. `reply` is answered exactly once.

/// How a task ended for good (queue contract 4.1, "signal").
enum class task_resolution : std::uint8_t { completed, failed, exception };

/// Create the task, or confirm that the same one exists. Scopes, dates and the form of the
/// definition were checked by the gateway.
struct create_task {
  task_id task;
  task_definition_ptr definition;
  reply_handle reply;
};

/// Answer the definition.
struct get_task {
  task_id task;
  reply_handle reply;
};

/// Answer the status structure.
struct get_status {
  task_id task;
  reply_handle reply;
};

/// Make run 0 pending whatever the dependencies say.
struct schedule_task {
  task_id task;
  caller_ptr by;
  reply_handle reply;
};

/// Append a run to a resolved or unscheduled task.
struct rerun_task {
  task_id task;
  caller_ptr by;
  reply_handle reply;
};

/// Resolve the task as canceled.
struct cancel_task {
  task_id task;
  caller_ptr by;
  reply_handle reply;
};

/// Another priority for the run that waits and for those to come.
struct change_task_priority {
  task_id task;
  caller_ptr by;
  task_priority priority = task_priority::lowest;
  reply_handle reply;
};

/// From the task's group: change as all its members do. Answered by `member_changed`.
struct change_member {
  task_id task;
  task_group_id group;
  std::uint64_t work = 0;  ///< the group's own number
  group_change what = group_change::cancel;
  task_priority priority = task_priority::lowest;  ///< for `group_change::priority`
};

/// A worker wants this very run (claimTask). The task asks its queue whether that worker may.
struct claim_task {
  task_id task;
  caller_ptr by;
  run_id run = 0;
  worker_name worker;
  reply_handle reply;
};

/// From the queue: the worker of a `claim_task` may have the run, or may not.
struct claim_admitted {
  task_id task;
  run_id run = 0;
  worker_name worker;
  bool barred = false;  ///< it is in quarantine, or about to be stopped
  reply_handle reply;
};

/// From the queue: the run goes to this worker. Answered by `claim_answered` to the queue.
struct claim_run {
  task_id task;
  run_id run = 0;
  worker_name worker;
  std::uint32_t collector = 0;  ///< the queue's own number for the claimWork call
  std::uint32_t position = 0;   ///< place in the answer
};

/// Keep the claim for another claim timeout.
struct reclaim_run {
  task_id task;
  run_id run = 0;
  reply_handle reply;
};

/// What a worker can say of a run (queue contract 4.1, S8 to S12).
enum class run_report : std::uint8_t {
  completed,
  failed,
  malformed_payload,
  resource_unavailable,
  internal_error,
  worker_shutdown,
  intermittent_task,
};

/// Resolve the run as its worker says.
struct report_run {
  task_id task;
  run_id run = 0;
  run_report report = run_report::completed;
  reply_handle reply;
};

/// The claim's answer could not be delivered, or the worker is gone: give the run back as if its
/// worker had shut down.
struct return_run {
  task_id task;
  run_id run = 0;
  std::string reason = {};  ///< why the worker is gone; empty when it never heard of the run
};

// -- artifacts ----------------------------------------------------------------------------------

enum class artifact_storage : std::uint8_t { s3, object, reference, link, error };

std::string_view to_string(artifact_storage storage);
std::optional<artifact_storage> parse_artifact_storage(std::string_view text);

/// Create or renew an artifact of a run (queue contract 7.2).
struct create_artifact {
  task_id task;
  run_id run = 0;
  std::string name;
  artifact_storage storage = artifact_storage::s3;
  std::string content_type;
  timestamp expires;
  std::string details;  ///< reference: url; link: target name; error: JSON of reason and message
  std::optional<std::uint64_t> content_length;
  std::string upload_id;  ///< object: fresh
  reply_handle reply;
  /// By the server itself, of a run that ended as an exception: it may come as late as it likes.
  bool for_lost_worker = false;
};

/// Find an artifact and answer where it is; links are followed (queue contract 7.4).
struct get_artifact {
  task_id task;
  std::optional<run_id> run;  ///< nothing: the latest
  std::string name;
  bool as_content = false;  ///< what it is as JSON, not the way there (methods `artifact`)
  bool skip_cdn = false;    ///< the caller wants the store itself
  std::string site;         ///< whose copy it gets, if there is one; empty: none's
  caller_ptr by;
  reply_handle reply;
};

/// Answer what is known of an artifact; links are not followed (artifactInfo).
struct describe_artifact {
  task_id task;
  std::optional<run_id> run;  ///< nothing: the latest
  std::string name;
  reply_handle reply;
};

/// Answer a page of the artifacts of a run, by name (listArtifacts).
struct list_artifacts {
  task_id task;
  std::optional<run_id> run;  ///< nothing: the latest
  std::uint32_t limit = 1000;
  std::string after;  ///< the last name of the page before; empty: from the first
  reply_handle reply;
};

/// From the task's shard: remove the artifact and its data when it has expired long enough ago.
/// Answered by `artifact_expired`.
struct expire_artifact {
  task_id task;
  run_id run = 0;
  std::string name;
  std::uint32_t sweep = 0;  ///< the shard's own number
  timestamp due{};          ///< it has had its time if it expired before this one
};

/// What became of it: gone, in use again, or its data could not be removed.
enum class expiry_result : std::uint8_t { removed, renewed, failed };

/// To the shard, about one `expire_artifact`.
struct artifact_expired {
  task_id task;
  std::uint32_t sweep = 0;
  expiry_result result = expiry_result::removed;
};

/// To a shard: it is time to look for expired artifacts.
struct sweep_artifacts {
  std::uint16_t shard = 0;
};

// -- dependencies -------------------------------------------------------------------------------

/// From a task being created, to a task it depends on: tell me your state, and from now on tell me
/// of your resolution. Nothing is written yet.
struct reserve_dependent {
  task_id task;       ///< the required one
  task_id dependent;  ///< who asks
  dependency_rule rule = dependency_rule::all_completed;
};

/// The dependent was created: write the edge.
struct confirm_dependent {
  task_id task;
  task_id dependent;
  dependency_rule rule = dependency_rule::all_completed;
  timestamp expires;  ///< of the dependent; the edge ends with it
};

/// The dependent will not be created: forget it.
struct withdraw_dependent {
  task_id task;
  task_id dependent;
};

/// Answer to `reserve_dependent`, sent to the dependent.
struct dependency_state {
  task_id task;      ///< the dependent
  task_id required;  ///< who answers
  bool exists = false;
  bool failed = false;  ///< it could not be asked: neither of the others counts
  timestamp expires;
  std::optional<task_resolution> resolved;  ///< nothing while unresolved or running again
};

/// A required task resolved; sent to each dependent, and answered by `effect_acknowledged`.
struct dependency_resolved {
  task_id task;  ///< the dependent
  task_id required;
  task_resolution resolution = task_resolution::completed;
};

/// After a restart: a dependent that still waits registers again.
struct resume_dependent {
  task_id task;  ///< the required one
  task_id dependent;
  dependency_rule rule = dependency_rule::all_completed;
  timestamp expires;  ///< of the dependent
};

/// Answer a page of the tasks that depend on this one (listDependentTasks).
struct list_dependents {
  task_id task;
  std::uint32_t limit = 1000;
  std::optional<task_id> after;  ///< the last id of the page before
  reply_handle reply;
};

/// Whom the effects of a resolution have reached.
enum class effect_receiver : std::uint8_t { group, dependent };

/// The receiver has the news of the task's resolution safe; when all have, the task is settled.
struct effect_acknowledged {
  task_id task;
  effect_receiver receiver = effect_receiver::group;
  std::optional<task_id> dependent;
};

// -- group and timers ---------------------------------------------------------------------------

/// The group's answer to `reserve_member`; an error text when it refuses.
struct membership_answered {
  task_id task;
  bool accepted = false;
  bool failed = false;  ///< it could not be asked
  std::string refusal;
};

/// A time the task asked for has come.
struct task_timer_fired {
  task_id task;
};

/// From a quiet, resolved task to its shard: nobody has asked for me for a while.
struct offer_leave {
  task_id task;
  std::uint32_t received = 0;  ///< messages it had of the shard; fewer than sent: one is on its way
};

/// From an unresolved task that waits, for a worker or for others, to its shard: nobody has asked
/// for me for a while, and nothing is to be done before `due`.
struct offer_rest {
  task_id task;
  std::uint32_t received = 0;  ///< as in offer_leave
  timestamp due;
  bool alone = false;  ///< no other task waits for it
};

/// To a shard: the time of tasks that rest has come.
struct wake_resting {
  std::uint16_t shard = 0;
};

/// From the shard: whoever asks for you from now on is served from Redis.
struct leave_stage {
  task_id task;
};

}  // namespace troupe
