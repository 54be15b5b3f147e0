#pragma once

#include "messages/group_commands.hpp"

#include <set>

namespace troupe {

// A group that came back knows its record, but only its members know whether they ever resolved.
// Until all were heard the group must not be called resolved.

/// What members told so far, after a failure, when one may be heard more than once.
struct member_roll {
  std::set<task_id> open;  ///< members that never resolved
};

/// A live member says whether it ever resolved: whatever was heard of it before is outdated.
void count_member(member_roll& roll, const resume_member& command);

/// A task joins meanwhile.
void count_member(member_roll& roll, const confirm_member& command);

/// A member resolves meanwhile.
void count_member(member_roll& roll, const member_resolved& command);

}  // namespace troupe
