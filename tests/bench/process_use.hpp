#pragma once

#include <sys/types.h>
#include <string>
#include <utility>
#include <vector>

namespace troupe_load {

/// What a process and its descendants have used so far.
struct tree_use {
  double cpu_s = 0;
  long rss_kb = 0;
  long pss_kb = 0;  ///< only where memory was asked for
  int processes = 0;
};

tree_use use_of_tree(pid_t root, bool with_memory);

/// Processes to watch, each with the name under which its use is told.
using watch_list = std::vector<std::pair<std::string, pid_t>>;

std::vector<tree_use> use_of(const watch_list& watched, bool with_memory);

struct machine_cpu {
  double busy_s = 0;
  double steal_s = 0;
};

/// The CPU time of the whole machine since it started.
machine_cpu read_machine_cpu();

/// The CPU time of this process.
double own_cpu_s();

}  // namespace troupe_load
