#include "actors/task_group/member_roll.hpp"

namespace troupe {

void count_member(member_roll& roll, const resume_member& command) {
  if (command.ever_resolved)
    roll.open.erase(command.task);
  else
    roll.open.insert(command.task);
}

void count_member(member_roll& roll, const confirm_member& command) {
  roll.open.insert(command.task);
}

void count_member(member_roll& roll, const member_resolved& command) {
  roll.open.erase(command.task);
}

}  // namespace troupe
