#pragma once

#include "messages/group_commands.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// A task group (queue contract 3.5).
struct task_group_state {
  task_group_id id;
  std::string scheduler_id;  ///< empty: no group yet
  timestamp expires;
  timestamp sealed;            ///< 0: open
  bool stored = false;         ///< the record is written
  std::uint32_t reserved = 0;  ///< tasks being created
  std::uint32_t open = 0;      ///< members that never resolved
  bool renewed = false;        ///< the record and the members of one that expired are to go
};

/// Whether there is such a group: somebody joined it, and it has not expired.
bool exists(const task_group_state& state, timestamp now);

/// Nothing when the task may join, else what speaks against it. A first task makes the group's
/// scheduler known; a group that has expired begins anew.
std::optional<std::string> on_reserve(task_group_state& state, const reserve_member& command,
                                      timestamp now);

/// No more tasks from now on; one that is sealed already stays sealed since then. True when it has
/// to be written.
bool on_seal(task_group_state& state, timestamp now);

/// The task exists. True when the group's record has to be written.
bool on_confirm(task_group_state& state, timestamp task_expires);

/// The task will not exist.
void on_withdraw(task_group_state& state);

/// A member resolved. True when the group is resolved by it: no member is left that never did.
bool on_member_resolved(task_group_state& state, bool repeated);

/// A live member after a restart.
void on_resume(task_group_state& state, const resume_member& command);

/// Nobody needs the group in memory.
bool is_idle(const task_group_state& state);

/// How long a group outlives its members (queue contract 2).
inline constexpr std::chrono::milliseconds group_expiry_slack{3'600'000};

/// `taskGroupId`, `schedulerId`, `expires` and, when set, `sealed`: members of several texts.
void append_group_members(std::string& out, const task_group_state& state);

/// What getTaskGroup and sealTaskGroup answer.
std::string group_text(const task_group_state& state);

/// What `explain_group` is answered.
std::string explanation_text(const task_group_state& state, bool canceling);

/// The payload of task-group-resolved and task-group-sealed.
std::string group_event_payload(const task_group_state& state);

/// The routing key of group events.
std::string group_routing_key(const task_group_state& state);

}  // namespace troupe
