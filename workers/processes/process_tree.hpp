#pragma once

#include <sys/types.h>
#include <set>

namespace troupe {

/// Sends `signal` to every process below `root`: its children, theirs, and so on, but not to those
/// of `spared` nor to what is below them. Answers how many there were; those that have ended and
/// were not yet waited for do not count.
std::size_t signal_below(pid_t root, int signal, const std::set<pid_t>& spared = {});

}  // namespace troupe
