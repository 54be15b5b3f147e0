#pragma once

#include "messages/caller.hpp"
#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"
#include "messages/task_definition.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe {

// What a task group is told. The first member is the group it is for.

/// A task being created wants to join; answered by `membership_answered`. Nothing is written yet.
struct reserve_member {
  task_group_id group;
  task_id task;
  std::string scheduler_id;
  timestamp expires;  ///< of the task
};

/// The task was created: write the membership.
struct confirm_member {
  task_group_id group;
  task_id task;
  timestamp expires;  ///< of the task
};

/// The task will not be created.
struct withdraw_member {
  task_group_id group;
  task_id task;
};

/// A member reached a final resolution; answered by `effect_acknowledged`. `repeated` says that it
/// had resolved before (a rerun, or a restart repeats the news).
struct member_resolved {
  task_group_id group;
  task_id task;
  bool repeated = false;
};

/// After a restart: a live member and whether it ever resolved.
struct resume_member {
  task_group_id group;
  task_id task;
  std::string scheduler_id;
  timestamp expires;
  bool ever_resolved = false;
};

/// Answer a page of members (listTaskGroup).
struct list_group {
  task_group_id group;
  std::uint32_t limit = 1000;
  std::optional<task_id> after;  ///< the last id of the page before
  reply_handle reply;
};

/// Answer the group itself (getTaskGroup).
struct get_group {
  task_group_id group;
  reply_handle reply;
};

/// Take no more tasks, for good (sealTaskGroup). Answered when no task is on its way in any more.
struct seal_group {
  task_group_id group;
  caller_ptr by;
  reply_handle reply;
};

/// Resolve every unresolved member of a sealed group as canceled (cancelTaskGroup).
struct cancel_group {
  task_group_id group;
  caller_ptr by;
  reply_handle reply;
};

/// Give every unresolved member this priority (changeTaskGroupPriority).
struct change_group_priority {
  task_group_id group;
  caller_ptr by;
  task_priority priority = task_priority::lowest;
  reply_handle reply;
};

/// What a group wants of its members.
enum class group_change : std::uint8_t { cancel, priority };

/// What became of a member that was to change.
enum class member_outcome : std::uint8_t {
  absent,     ///< there is no such task: a membership that a crash left behind
  unchanged,  ///< resolved, past its deadline, or as it should be already
  changed,
};

/// A member's answer to `change_member`.
struct member_changed {
  task_group_id group;
  task_id task;
  std::uint64_t work = 0;  ///< the group's own number for what it does
  member_outcome outcome = member_outcome::unchanged;
};

/// After a restart, or a failure: go on with what the group was doing to its members.
struct resume_group_work {
  task_group_id group;
};

/// A quiet group offers its directory to go away, and is told back that it may.
struct leave_group {
  task_group_id group;
  std::uint32_t received = 0;  ///< messages it had; fewer than sent: one is on its way
};

/// To the directory: the group has expired long enough ago to be forgotten, unless somebody has
/// joined it again.
struct expire_group {
  task_group_id group;
};

}  // namespace troupe
