#pragma once

#include "actors/task_queue/chunked_set.hpp"
#include "messages/answer.hpp"
#include "messages/queue_commands.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <limits>
#include <list>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe {

/// A run that waits for a worker. Ordered as workers get them: rank falling, then age, then id.
struct pending_run {
  std::uint64_t enqueued_us = 0;
  timestamp deadline;
  task_id task;
  task_priority priority = task_priority::lowest;
  run_id run = 0;

  friend bool operator<(const pending_run& a, const pending_run& b) {
    if (a.priority != b.priority)
      return a.priority > b.priority;
    return std::tie(a.enqueued_us, a.task, a.run) < std::tie(b.enqueued_us, b.task, b.run);
  }
};

/// A claimWork call that waits for something to claim.
struct waiting_claim {
  reply_handle reply;
  worker_name worker;
  std::uint32_t count = 1;
  timestamp until;
  std::uint64_t arrival = 0;  ///< its place in the line: lower waits longer
};

/// A claimWork call whose runs are being claimed.
struct claim_collector {
  waiting_claim call;
  std::vector<std::string> claims;   ///< by position; empty: not answered, or refused
  std::vector<handed_out_run> runs;  ///< by position, which is the order they left the queue in
  std::uint32_t outstanding = 0;
  bool withdrawn = false;
};

/// A claimed run.
struct claimed_run {
  run_id run = 0;
  worker_name worker;
  timestamp claimed;  ///< or renewed last
};

/// Everything a queue knows; all of it can be told again by the tasks.
struct task_queue_state {
  task_queue_id id;
  chunked_set<pending_run> pending;
  /// No run in it has an earlier deadline.
  timestamp first_deadline{std::numeric_limits<std::int64_t>::max()};
  std::list<waiting_claim> waiting;  ///< by arrival, so that the first is due first, too
  std::unordered_map<std::uint64_t, std::list<waiting_claim>::iterator> waiting_by_reply;
  std::unordered_map<std::uint32_t, claim_collector> collectors;
  boost::unordered_flat_map<task_id, claimed_run, std::hash<task_id>> claimed;
  chunked_set<std::pair<timestamp, task_id>>
      claims_by_age;                                       ///< the same in the order of their times
  std::unordered_map<std::string, timestamp> quarantined;  ///< by `<group>/<id>`
  std::set<worker_name> retired;  ///< they are about to be stopped and get nothing
  std::uint32_t next_collector = 1;
  std::uint64_t next_arrival = 1;
};

}  // namespace troupe
