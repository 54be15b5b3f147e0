#pragma once

#include "actors/worker_type/worker_type_state.hpp"
#include "messages/pool_commands.hpp"

#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// What a pool wants done.
struct worker_type_decision {
  std::vector<std::string> start;         ///< workerIds
  std::vector<std::string> stop;          ///< workerIds
  std::vector<std::string> lost;          ///< workerIds that ended without anybody's noticing
  std::uint32_t retire = 0;               ///< so many idle ones are to be chosen by the queue
  std::vector<std::string> retire_among;  ///< of these
  std::string warning;                    ///< for operators; empty: nothing to say
};

/// The queue's numbers.
worker_type_decision on_demand(worker_type_state& state, const demand_changed& command,
                               timestamp now);

/// The provisioner said which workers there are: those that are not known are taken over.
worker_type_decision on_reported(worker_type_state& state, const workers_reported& command,
                                 timestamp now);

/// A worker that was started asked for work.
worker_type_decision on_worker_seen(worker_type_state& state, const std::string& worker,
                                    timestamp now);

/// The queue chose workers that can go.
worker_type_decision on_retired(worker_type_state& state, const workers_retired& command,
                                timestamp now);

/// A worker ended, or never began; `clean` says that it ended in order, `how` is for people. The
/// provisioner lets its runs be given back, which `on_removed` confirms.
worker_type_decision on_exited(worker_type_state& state, const std::string& worker, bool clean,
                               const std::string& how, timestamp now);

/// The queue is done with a worker that ended.
worker_type_decision on_removed(worker_type_state& state, const std::string& worker, timestamp now);

/// A time has come.
worker_type_decision on_pool_timer(worker_type_state& state, timestamp now);

/// When `on_pool_timer` has something to do.
std::optional<timestamp> next_pool_timer(const worker_type_state& state);

// -- pieces ---------------------------------------------------------------------------------------

/// Workers that are there or on their way.
std::uint32_t workers_present(const worker_type_state& state);

/// How many whole workers the present work takes, within the bounds of the pool. Claims of workers
/// that are not of the pool count as well: who is needed is never let go, who is not may stay
/// longer.
std::uint32_t workers_needed(const worker_type_state& state);

/// How many more workers to start for what waits: what is not covered by workers on their way and
/// by free places of those that run, in whole workers.
std::uint32_t workers_to_start(const worker_type_state& state);

/// What `explain_pool` is answered: `{starting, running, stopping, maxWorkers, capacityPerWorker,
/// failures}` and, with failures, `lastFailure` and `nextStart`, the earliest time of the next one.
std::string explanation_text(const worker_type_state& state);

}  // namespace troupe
