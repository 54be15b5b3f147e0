#pragma once

#include "actors/task_queue/task_queue_rules.hpp"

#include <string>
#include <vector>

namespace troupe {

/// What a decision of a queue comes to, in words and in order: claims, runs that are given back,
/// answers.
using words = std::vector<std::string>;

/// A task of the examples, one a number.
task_id task_number(unsigned number);

/// A queue, the tasks whose runs wait in it, and the workers that want them. Tasks and workers go
/// by number, a run is written `<task>/<run>`, a call has the number of the worker that made it
/// unless another worker is named.
/// Words are such as `claim 1/0 for w2`, `answer w2: 1/0 3/0`, `answer w2: nothing`, `return 1/0`.
struct some_queue {
  some_queue() { state.id.text = "proj/ci"; }

  words enqueue(unsigned task, task_priority priority = task_priority::lowest, run_id run = 0);
  void dequeue(unsigned task, run_id run = 0);
  words reprioritise(unsigned task, task_priority to, run_id run = 0);
  /// The task's run was claimed past the order of the queue.
  void take(unsigned task, unsigned worker, run_id run = 0);
  /// Whether the worker may claim a run past the order.
  bool admits(unsigned worker) const;
  void release(unsigned task, run_id run = 0);
  words claim_work(unsigned call, std::uint32_t count = 1);
  words claim_work(unsigned call, std::uint32_t count, unsigned worker);
  words withdraw(unsigned call);
  /// The call can wait no longer, and is still read.
  words hurry(unsigned call);
  /// The task takes the oldest claim of it that has no answer yet.
  words accept(unsigned task);
  /// It refuses.
  words refuse(unsigned task);
  words timer();
  words quarantine(unsigned worker, timestamp until);
  /// pendingTasks and claimedTasks.
  std::pair<unsigned, unsigned> counts();

  task_queue_state state;
  timestamp now{1'800'000'000'000};
  std::chrono::milliseconds wait{20'000};
  timestamp deadline{1'800'100'000'000};  ///< of what is enqueued next
  std::vector<claim_run> asked;           ///< claims that the tasks have not answered
  std::uint64_t next_us = 1000;
  std::vector<enqueue_run> enqueued;

 private:
  words tell(task_queue_decision&& decision);
  words answer_claim(unsigned task, bool accepts);
};

}  // namespace troupe
