#pragma once

#include "messages/api_error.hpp"

#include <string>
#include <vector>

namespace troupe {

/// How the commands of tasks are contained by bubblewrap: the system is read-only, /tmp is the
/// task's own, and of what belongs to the worker nothing is seen but the directory of the task.
struct sandbox_rules {
  bool network = true;              ///< that of the machine; without, there is not even a loopback
  std::vector<std::string> hidden;  ///< directories and files that are not seen
  std::vector<std::string> shown;   ///< what of those, or of the home directory, is seen read-only
  std::vector<std::string> devices = {};  ///< files of devices that the task has
};

/// The command that runs `words` in the sandbox, with `directory`/work as the task's directory and
/// `directory`/tmp as its /tmp.
std::vector<std::string> sandboxed(const sandbox_rules& rules, const std::string& directory,
                                   const std::vector<std::string>& words);

/// Runs an empty command in a sandbox below `place`. The error says why that cannot be, and what
/// may help.
outcome<void> try_sandbox(const sandbox_rules& rules, const std::string& place);

}  // namespace troupe
