#pragma once

#include "actors/task_group/task_group_rules.hpp"
#include "messages/group_commands.hpp"
#include "messages/task_commands.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// What a group does to all its members: cancelTaskGroup and changeTaskGroupPriority. A group may be
// large, so its members are taken in slices, in order of their ids; how far it got is stored, and
// after a crash it goes on from there.

/// Members that are told at once. The next ones are told when all of these have answered, so that
/// others have their turn in between.
inline constexpr std::uint32_t members_per_slice = 100;

/// What somebody asked for, and who waits for the outcome; nobody does after a restart.
struct group_job {
  group_change what = group_change::cancel;
  task_priority priority = task_priority::lowest;  ///< for `group_change::priority`
  reply_handle reply;
};

/// A job under way.
struct group_work {
  group_job job;
  std::uint64_t number = 0;      ///< tells its answers from those to others
  std::optional<task_id> after;  ///< members up to this one have answered
  std::uint32_t size = 0;        ///< members that exist, of those
  std::uint32_t affected = 0;    ///< members that changed
  std::vector<task_id> ids;      ///< which they are, while somebody wants to know
  std::size_t sorted = 0;        ///< so many of them are in order

  bool under_way = false;         ///< a slice is being read, or has not answered yet
  bool last_slice = false;        ///< no member is behind it
  std::uint32_t outstanding = 0;  ///< members of the slice that have not answered
  std::optional<task_id> end;     ///< the last member of the slice
};

/// The next members, by id, and whether there are more behind them: what each is to be told.
std::vector<change_member> begin_slice(group_work& work, const task_group_id& group,
                                       const std::vector<task_id>& members, bool more);

/// A member answers. Those of other work, and of members that were not asked, count for nothing.
void take_answer(group_work& work, const member_changed& command);

/// True when all members of the slice have answered.
inline bool slice_done(const group_work& work) { return work.under_way && work.outstanding == 0; }

/// What was done counts as done: the next slice begins behind it.
void end_slice(group_work& work);

/// The work as it is stored, and what was stored; nothing when it makes no sense.
std::string work_text(const group_work& work);
std::optional<group_work> read_work(std::string_view text);

/// What cancelTaskGroup or changeTaskGroupPriority answers when the work is done.
std::string work_answer(const task_group_state& state, const group_work& work);

/// The payload of task-group-priority-changed.
std::string group_priority_payload(const task_group_state& state, const group_work& work);

}  // namespace troupe
