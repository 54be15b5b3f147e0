#pragma once

#include "actors/task_queue/task_queue_state.hpp"
#include "messages/explain_commands.hpp"
#include "messages/pool_commands.hpp"
#include "messages/register_commands.hpp"
#include "messages/task_commands.hpp"

#include <boost/container/small_vector.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <utility>

namespace troupe {

/// Runs that a worker was handed.
struct handed_to_worker {
  worker_name worker;
  boost::container::small_vector<handed_out_run, 1> runs;
};

/// What a queue has to tell others after a command. Answers wait for the commits of the tasks.
struct task_queue_decision {
  boost::container::small_vector<claim_run, 2> claims;
  boost::container::small_vector<std::pair<reply_handle, answer>, 1> answers;
  boost::container::small_vector<return_run, 1> returned;
  boost::container::small_vector<handed_to_worker, 1> handed;
};

/// A run waits; it goes to the longest waiting worker at once.
task_queue_decision on_enqueue(task_queue_state& state, const enqueue_run& command, timestamp now);

/// A run no longer waits.
void on_dequeue(task_queue_state& state, const dequeue_run& command);

/// A run that waits gets another place, by its priority. One that is being claimed just now stays
/// out.
task_queue_decision on_reprioritise(task_queue_state& state, const reprioritise_run& command,
                                    timestamp now);

/// Whether a worker may claim a run past the order; the answer goes to the task.
claim_admitted on_admit(const task_queue_state& state, const admit_claim& command, timestamp now);

/// A run is no longer claimed.
void on_release(task_queue_state& state, const release_run& command);

/// A run is claimed, as its task says after a restart.
void on_resume_claim(task_queue_state& state, const resume_claim& command);

/// The worker keeps its claim, which begins anew.
void on_renew_claim(task_queue_state& state, const renew_claim& command);

/// Until when a call waits that comes now and may wait for `wait`. Calls of about the same time end
/// together, for one wake of the machine instead of many: up to a twentieth of `wait` later.
timestamp end_of_wait(timestamp now, std::chrono::milliseconds wait);

/// A worker wants runs: claims what is there, or waits until `until`.
task_queue_decision on_claim_work(task_queue_state& state, const claim_work& command, timestamp now,
                                  timestamp until);

/// A task answers a claim. When all of a call have answered, the call is answered in queue order;
/// when all have refused, it waits on.
task_queue_decision on_claim_answered(task_queue_state& state, claim_answered&& command,
                                      timestamp now);

/// A call can wait no longer.
task_queue_decision on_withdraw(task_queue_state& state, const withdraw_claim& command);

/// Answers the calls that have waited long enough.
task_queue_decision on_timer(task_queue_state& state, timestamp now);

/// When `on_timer` has something to do.
std::optional<timestamp> next_timer(const task_queue_state& state);

/// A worker gets nothing until the time; with a time that has passed it gets work again.
task_queue_decision on_quarantine(task_queue_state& state, const set_quarantine& command,
                                  timestamp now);

/// Some idle workers get nothing any more: those that run nothing and get nothing just now, of the
/// ones that may be chosen.
workers_retired on_retire(task_queue_state& state, const retire_workers& command);

/// A worker is gone: all that it runs is given back, and its waiting calls are answered empty.
task_queue_decision on_remove_worker(task_queue_state& state, const remove_worker& command);

/// The queue cannot go on: everybody who waits is answered, with an error or as if nothing came,
/// and what was claimed for them is given back.
task_queue_decision give_up_waiting(task_queue_state& state, const api_error* error);

/// How many runs and calls a queue has.
struct run_counts {
  std::uint64_t pending = 0;
  std::uint64_t claimed = 0;
  std::uint64_t waiting = 0;  ///< claimWork calls that wait
};

/// Counts: without runs past their deadline, and without claims that have run out, which their
/// tasks take back in a moment.
run_counts count_runs_of(task_queue_state& state, timestamp now,
                         std::chrono::milliseconds claim_timeout);

/// What taskQueueCounts answers, or pendingTasks.
std::string counts_text(const task_queue_id& id, const run_counts& counts,
                        bool pending_only = false);

/// Adds a row as `measure_queues` answers it; the array's last bracket is the caller's.
void append_measure(std::string& out, const task_queue_id& id, const run_counts& runs,
                    const counted_workers& workers);

/// Where a run stands, and who there is to take it.
struct run_place {
  bool waits = false;  ///< it is among those that wait; otherwise it is being claimed just now
  std::array<std::uint64_t, 7> ahead{};  ///< runs that go first, by priority from the lowest on
  std::uint64_t barred = 0;              ///< calls that wait, of workers that get nothing
  std::uint64_t working = 0;             ///< workers that have claimed something
};
run_place place_of(const task_queue_state& state, const explain_run& command, timestamp now);

/// What `explain_run` is answered.
std::string explanation_text(const run_place& place, const run_counts& counts);

}  // namespace troupe
