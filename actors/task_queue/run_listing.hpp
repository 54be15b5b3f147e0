#pragma once

#include "actors/task_queue/task_queue_state.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A run on a page of a listing; its definition is not known to the queue.
struct listed_run {
  task_id task;
  run_id run = 0;
  timestamp at;        ///< when it became pending, or was claimed or renewed last
  worker_name worker;  ///< of a claimed one
  /// Where the next page begins when this is the last one.
  std::string position;
};

/// A page of runs.
struct run_page {
  std::vector<listed_run> runs;
  bool more = false;  ///< there are others behind the last one
};

/// Pending runs in order of age, whatever their priority, from behind `after` on: a position, or
/// empty. What it costs depends on the page alone.
run_page pending_page(const task_queue_state& state, std::string_view after, std::uint32_t limit,
                      timestamp now);

/// Claimed runs, those first whose claim is oldest.
run_page claimed_page(const task_queue_state& state, std::string_view after, std::uint32_t limit);

/// Appends an entry of listPendingTasks or listClaimedTasks (a run with a worker).
void append_listed_run(std::string& out, const listed_run& run, std::string_view definition);

}  // namespace troupe
