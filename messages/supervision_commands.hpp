#pragma once

#include "messages/ids.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

// How an actor that failed comes back: its directory drops it and puts another into its place, from
// Redis. Queues and groups know things that only the tasks can tell: these are called again.

/// To the successor of a directory that failed: the place is yours.
struct take_over {};

/// A task failed: whoever asks for it from now on is served by another one, from Redis.
struct task_failed {
  task_id task;
  std::string why;
};

/// A group failed.
struct group_failed {
  task_group_id group;
  std::string why;
};

/// A queue failed.
struct queue_failed {
  task_queue_id queue;
  std::string why;
};

/// The record of a worker failed.
struct worker_failed {
  task_queue_id queue;
  worker_name worker;
  std::string why;
};

/// A pool failed.
struct pool_failed {
  task_queue_id pool;
  std::string why;
};

/// Who wants to hear from all tasks again.
enum class roll_caller : std::uint8_t { queues, groups };

/// From the directory of queues or groups of a lane to every task shard: let your tasks tell what
/// their queue or group has to know of them, then answer by `roll_called`.
struct call_roll {
  std::uint16_t shard = 0;
  roll_caller of = roll_caller::queues;
  std::uint16_t lane = 0;    ///< of the directory: tasks of queues and groups elsewhere keep still
  std::uint32_t number = 0;  ///< tells this roll from others
};

/// From the shard to one task.
struct answer_roll {
  task_id task;
  roll_caller of = roll_caller::queues;
  std::uint16_t lane = 0;
};

/// All tasks of the shard have told; it arrives behind what they told.
struct roll_called {
  std::uint16_t lane = 0;
  roll_caller of = roll_caller::queues;
  std::uint16_t shard = 0;
  std::uint32_t number = 0;
};

/// From the directory to a group: every member was heard.
struct members_counted {
  task_group_id group;
};

}  // namespace troupe
