#pragma once

#include "actors/task/task_rules.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

/// When the examples begin: 2026-09-01T10:00:00.003Z.
extern const timestamp some_start;

/// The task of the examples: fN1SbArXTPSVFNUvaOlinQ.
extern const task_id some_id;

/// Other ids, one a number.
task_id id_number(unsigned number);

/// The workers of the examples.
extern const worker_name some_worker;   ///< eu/w-17
extern const worker_name other_worker;  ///< us/w-4

/// What a definition says; the rest is the same for all.
struct wish {
  unsigned retries = 5;
  std::vector<task_id> dependencies = {};
  dependency_rule rule = dependency_rule::all_completed;
  std::chrono::milliseconds lasts = std::chrono::hours{24};  ///< from `some_start` to the deadline
  std::string priority = "lowest";
  std::vector<std::string> routes = {"index.proj.latest"};
  std::string tags = R"({"kind":"build"})";
  std::string payload = R"({"command":["true"]})";
  std::string project = "none";
};

/// The definition as the gateway would hand it on.
task_definition_ptr define(const wish& of);

/// The effects of a decision in words, in order.
using words = std::vector<std::string>;

/// A task and what it is told, as its shell would do it: decides and applies. Commands answer the
/// effects in words, such as `pending 0`, `exception 0 of eu/w-17`, `enqueue 0`,
/// `signal exception`, and, where an error was, its code such as `409`.
struct some_task {
  /// Not created yet. Its dependencies are open.
  explicit some_task(const wish& of = {});

  words create();
  words create_again(const wish& of);
  words schedule();
  words rerun();
  words cancel();
  words claim(run_id run = 0, const worker_name& worker = some_worker);
  /// By claimTask; `barred` says that the queue has something against the worker.
  words claim_directly(run_id run = 0, const worker_name& worker = some_worker,
                       bool barred = false);
  words reclaim(run_id run = 0);
  words report(run_report what, run_id run = 0);
  words worker_gone(run_id run = 0);
  words worker_removed(const worker_name& worker);
  words change_priority(task_priority to);
  words cancel_with_group();
  words dependency(const task_id& required, task_resolution resolution);
  /// The clock shows this time, and the timer goes off then, whether it is due or not.
  words timer_at(timestamp time);
  /// The effects, once the changes are made.
  words carry_out(const task_decision& decision);
  words carry_out(const outcome<task_decision>& decision);

  /// The states of the runs, such as `exception/claim-expired`, or `pending` without a reason.
  words runs() const;
  const task_run& run(run_id number) const { return state.runs.at(number); }
  const task_run& last() const { return state.last_run(); }
  timestamp deadline() const { return state.definition->deadline; }

  task_state state;
  task_settings settings;
  timestamp now = some_start;
  std::uint64_t next_us = 1000;
  std::size_t changes = 0;  ///< how many the last decision made
  api_error error;          ///< the last one
};

/// Tasks at the points of their lives.
some_task pending_task(const wish& of = {});
some_task running_task(const wish& of = {});
some_task reported_task(run_report what, const wish& of = {});
some_task unscheduled_task(wish of = {});  ///< waits for `id_number(1)`

}  // namespace troupe
