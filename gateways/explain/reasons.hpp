#pragma once

#include "gateways/explain/explain_rules.hpp"

#include <vector>

namespace troupe {

// The pieces of `reasons_of`, each for one thing that may keep a task from running; they add what
// they find.

/// The reasons found so far.
struct reason_list {
  const explain_facts& facts;
  std::vector<reason> all;

  void add(std::string code, importance weight, std::string text, std::string change,
           boost::json::object details = {}) {
    all.push_back(
        {std::move(code), weight, std::move(text), std::move(change), std::move(details)});
  }
};

// -- task_reasons.cpp

/// `resolved`.
void add_resolution(reason_list& found);
/// `running`.
void add_running(reason_list& found);
/// `depends-on-itself`, `dependency-failed`, `dependency-gone`, `dependencies-open`,
/// `being-scheduled`.
void add_dependencies(reason_list& found);
/// `deadline-passed`.
void add_passed_deadline(reason_list& found);
/// `deadline-near`: less than a tenth of the time from creation to deadline is left.
void add_near_deadline(reason_list& found);
/// `group-canceling`.
void add_group_end(reason_list& found);
/// `group-sealed`.
void add_group_seal(reason_list& found);

// -- queue_reasons.cpp

/// `being-claimed`, or `no-workers`, `no-worker-asking`, `workers-quarantined`,
/// `pool-start-failing`, `worker-starting`, `pool-at-limit`, `workers-busy`, `waiting-in-queue`.
void add_queue(reason_list& found);

// -- words

/// `1 run`, `3 runs`.
std::string count_of(std::uint64_t number, std::string_view noun);
/// A span of time in a unit that suits it: `45 seconds`, `3 hours`; never negative.
std::string span_of(std::chrono::milliseconds span);

}  // namespace troupe
