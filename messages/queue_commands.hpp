#pragma once

#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"
#include "messages/task_definition.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <string>

namespace troupe {

// What a task queue is told. The first member is the queue it is for.

/// A run became pending. `enqueued_us` orders entries of one priority.
struct enqueue_run {
  task_queue_id queue;
  task_id task;
  run_id run = 0;
  task_priority priority = task_priority::lowest;
  std::uint64_t enqueued_us = 0;
  timestamp deadline;
};

/// A pending run ended without being claimed; priority and age are those it was enqueued with.
struct dequeue_run {
  task_queue_id queue;
  task_id task;
  run_id run = 0;
  task_priority priority = task_priority::lowest;
  std::uint64_t enqueued_us = 0;
};

/// A pending run has another priority; its age stays.
struct reprioritise_run {
  task_queue_id queue;
  task_id task;
  run_id run = 0;
  task_priority from = task_priority::lowest;  ///< as it stands in the queue
  task_priority to = task_priority::lowest;
  std::uint64_t enqueued_us = 0;
  timestamp deadline;
};

/// A worker claims a run past the order of the queue: may it? Answered by `claim_admitted`.
struct admit_claim {
  task_queue_id queue;
  task_id task;
  run_id run = 0;
  worker_name worker;
  reply_handle reply;
};

/// A claimed run ended, or its claim did.
struct release_run {
  task_queue_id queue;
  task_id task;
  run_id run = 0;
};

/// After a restart: this run is claimed and counts.
struct resume_claim {
  task_queue_id queue;
  task_id task;
  run_id run = 0;
  worker_name worker;
  timestamp claimed = {};  ///< or renewed last
};

/// The worker keeps its claim.
struct renew_claim {
  task_queue_id queue;
  task_id task;
  run_id run = 0;
  timestamp at;
};

/// Claim up to `count` runs; waits when nothing is pending.
struct claim_work {
  task_queue_id queue;
  worker_name worker;
  std::uint32_t count = 1;
  reply_handle reply;
};

/// Whoever asked can wait no longer.
struct withdraw_claim {
  task_queue_id queue;
  reply_handle reply;
  /// Still there to read: answered with what is being claimed for it just now, or with nothing.
  /// Otherwise nobody is there, and what it gets is given back.
  bool still_reads = false;
};

/// A task's answer to `claim_run`: the claim as JSON, or a refusal when `claim_json` is empty.
struct claim_answered {
  task_queue_id queue;
  task_id task;
  run_id run = 0;
  std::uint32_t collector = 0;
  std::uint32_t position = 0;
  std::string claim_json;
  timestamp claimed = {};
};

/// Answer the numbers of pending and claimed runs (taskQueueCounts), or of pending ones alone
/// (pendingTasks).
struct get_queue_counts {
  task_queue_id queue;
  reply_handle reply;
  bool pending_only = false;
};

/// Answer a page of the runs that wait, in order of age (listPendingTasks).
struct list_pending_tasks {
  task_queue_id queue;
  std::uint32_t limit = 1000;
  std::string after;  ///< where the page before ended, as the queue has said; empty: the first page
  reply_handle reply;
};

/// Answer a page of the runs that are claimed, those whose claim is oldest first
/// (listClaimedTasks).
struct list_claimed_tasks {
  task_queue_id queue;
  std::uint32_t limit = 1000;
  std::string after;
  reply_handle reply;
};

/// The worker may not be given work before this time (the past: it may again).
struct set_quarantine {
  task_queue_id queue;
  worker_name worker;
  timestamp until;
};

/// A worker pool wants to hear of demand: the queue sends `demand_changed` when numbers change.
struct watch_demand {
  task_queue_id queue;
};

/// A time the queue asked for has come.
struct queue_timer_fired {
  task_queue_id queue;
};

}  // namespace troupe
