#pragma once

#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"
#include "messages/task_definition.hpp"

#include <cstdint>

namespace troupe {

// Why does a task not run? Each actor is asked for what it knows itself, and answers a JSON object;
// whoever asks puts the reasons together.

/// So many of the dependencies that a task waits for are told by their ids.
inline constexpr std::size_t most_told_dependencies = 100;

/// To the task: `{status, created, requires, dependencies, open, openDependencies, enqueuedUs}`,
/// with the numbers of all dependencies and of the open ones, and the ids of the first of these.
struct explain_task {
  task_id task;
  reply_handle reply;
};

/// To its queue, about a run that waits: `{waits, ahead, aheadByPriority, pending, claimed,
/// waitingClaims, barredClaims, workingWorkers}`. Priority and age are those it was enqueued with.
struct explain_run {
  task_queue_id queue;
  task_id task;
  run_id run = 0;
  task_priority priority = task_priority::lowest;
  std::uint64_t enqueued_us = 0;
  reply_handle reply;
};

/// To the register of the queue: `{known, quarantined, lastActive}`, the latter when anybody asked
/// for work at all and the record of that has not expired.
struct explain_workers {
  task_queue_id queue;
  reply_handle reply;
};

/// To the worker pool of the queue: what it has, may have and tries; `null` when there is none.
struct explain_pool {
  task_queue_id pool;
  reply_handle reply;
};

/// To the group of the task: `{sealed, canceling}`, the former as a date when it is.
struct explain_group {
  task_group_id group;
  reply_handle reply;
};

}  // namespace troupe
