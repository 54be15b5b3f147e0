#pragma once

#include <sys/types.h>
#include <cstdint>
#include <set>

namespace troupe {

/// Sends `signal` to every process below `root`: its children, theirs, and so on, but not to those
/// of `spared` nor to what is below them. Answers how many there were; those that have ended and
/// were not yet waited for do not count.
std::size_t signal_below(pid_t root, int signal, const std::set<pid_t>& spared = {});

/// What processes use.
struct process_use {
  std::size_t processes = 0;
  std::uint64_t memory = 0;  ///< bytes that are resident; what is shared counts for each
  double cpu_seconds = 0;    ///< since they began, with that of children that have ended

  friend bool operator==(const process_use&, const process_use&) = default;
};

/// What everything below `root` uses; of `root` itself, what its ended children have used.
process_use use_below(pid_t root);

}  // namespace troupe
