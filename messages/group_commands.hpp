#pragma once

#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"
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

/// A quiet group offers its directory to go away, and is told back that it may.
struct leave_group {
  task_group_id group;
  std::uint32_t received = 0;  ///< messages it had; fewer than sent: one is on its way
};

}  // namespace troupe
