// What the queue, its workers and their pool have to do with it.

#include "gateways/explain/reasons.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

// How the queue stands; facts of those who said nothing are zero.
struct standing {
  explicit standing(const explain_facts& facts)
      : name(facts.task.queue.text),
        queue(facts.queue.value_or(queue_facts{})),
        workers(facts.workers.value_or(worker_facts{})),
        pool(facts.pool) {}

  /// Calls that wait for a run and may have one.
  std::uint64_t asking() const { return queue.waiting_claims - queue.barred_claims; }
  /// Nobody works for the queue at present.
  bool is_deserted() const { return queue.claimed == 0 && asking() == 0; }
  bool has_only_quarantined() const {
    return workers.known > 0 && workers.quarantined >= workers.known;
  }

  std::string name;
  queue_facts queue;
  worker_facts workers;
  std::optional<pool_facts> pool;
};

json::object worker_details(const standing& at) {
  json::object details{{"taskQueueId", at.name},
                       {"known", at.workers.known},
                       {"quarantined", at.workers.quarantined},
                       {"working", at.queue.working_workers},
                       {"claimedRuns", at.queue.claimed},
                       {"waitingClaims", at.queue.waiting_claims}};
  if (at.workers.last_active.ms != 0)
    details["lastActive"] = to_iso(at.workers.last_active);
  return details;
}

json::object pool_details(const pool_facts& pool) {
  json::object details{{"starting", pool.starting},
                       {"running", pool.running},
                       {"stopping", pool.stopping},
                       {"maxWorkers", pool.max_workers},
                       {"failures", pool.failures}};
  if (pool.failures > 0) {
    details["lastFailure"] = pool.last_failure;
    details["nextStart"] = to_iso(pool.next_start);
  }
  return details;
}

std::string last_asked(const standing& at) {
  return at.workers.last_active.ms == 0
             ? "none has asked for work"
             : "the last call for work was at " + to_iso(at.workers.last_active);
}

// Nobody is there who would take it.
void add_absence(reason_list& found, const standing& at) {
  const bool pool_is_at_it = at.pool && at.pool->starting + at.pool->running > 0;
  if (!at.is_deserted() || at.has_only_quarantined() || pool_is_at_it)
    return;
  const std::string change =
      "Start a worker of the queue, for instance `troupe worker --queue " + at.name + "`.";
  if (at.workers.known == 0)
    return found.add("no-workers", importance::blocking,
                     "No worker of queue " + at.name + " is known, and " + last_asked(at) + ".",
                     change, worker_details(at));
  found.add("no-worker-asking", importance::blocking,
            (at.workers.known == 1 ? "The only known worker of queue " + at.name
                                   : "None of the " + count_of(at.workers.known, "known worker") +
                                         " of queue " + at.name) +
                (at.workers.known == 1 ? " neither works nor" : " works or") +
                " asks for work, and " + last_asked(at) + ".",
            change, worker_details(at));
}

void add_quarantine(reason_list& found, const standing& at) {
  if (at.workers.quarantined == 0)
    return;
  const bool all = at.has_only_quarantined();
  found.add("workers-quarantined", all ? importance::blocking : importance::note,
            (at.workers.known == 1 ? "The only known worker"
                                   : std::to_string(at.workers.quarantined) + " of the " +
                                         count_of(at.workers.known, "known worker")) +
                " of queue " + at.name + (at.workers.quarantined == 1 ? " is" : " are") +
                " in quarantine and given no work.",
            "The end of a quarantine (quarantineWorker with a time that has passed), or another "
            "worker.",
            worker_details(at));
}

void add_pool_failures(reason_list& found, const standing& at) {
  if (!at.pool)
    return;
  const auto& pool = *at.pool;
  const auto pause = pool.next_start - found.facts.now;
  if (pool.failures > 0 && (pool.running == 0 || pause.count() > 0))
    found.add("pool-start-failing", at.is_deserted() ? importance::blocking : importance::delaying,
              "The worker pool of queue " + at.name + " had " + count_of(pool.failures, "failure") +
                  " in a row, the last one: " + pool.last_failure + ".",
              "A worker that comes and stays; the server's log has the whole story, and the next "
              "start is " +
                  (pause.count() > 0 ? "in " + span_of(pause) : "due") + ".",
              pool_details(pool));
}

void add_pool(reason_list& found, const standing& at) {
  if (!at.pool)
    return;
  const auto& pool = *at.pool;
  if (pool.starting > 0)
    found.add("worker-starting", importance::delaying,
              "The worker pool is starting " + count_of(pool.starting, "worker") + ".",
              "Nothing has to; a worker asks for work as soon as it is up.", pool_details(pool));
  const auto alive = pool.starting + pool.running + pool.stopping;
  if (pool.starting == 0 && alive >= pool.max_workers)
    found.add("pool-at-limit", importance::delaying,
              "The worker pool has " + std::to_string(alive) + " of at most " +
                  count_of(pool.max_workers, "worker") + ".",
              "A worker that becomes free, or a pool that may have more (for the local one "
              "local-workers-max).",
              pool_details(pool));
}

void add_work(reason_list& found, const standing& at) {
  if (at.queue.claimed == 0 || at.asking() > 0)
    return;
  found.add("workers-busy", importance::delaying,
            count_of(at.queue.working_workers, "worker") + " of queue " + at.name +
                (at.queue.working_workers == 1 ? " has" : " have") + " claimed " +
                count_of(at.queue.claimed, "run") + ", and none asks for more.",
            "A run that ends, or another worker.", worker_details(at));
}

void add_place(reason_list& found, const standing& at) {
  const auto& queue = at.queue;
  const auto those = count_of(queue.pending, "run") + " that wait in queue " + at.name;
  std::string text;
  if (queue.ahead > 0)
    text = std::to_string(queue.ahead) + " of the " + those +
           (queue.ahead == 1 ? " goes first" : " go first");
  else if (queue.pending <= 1)
    text = "It is the only run that waits in queue " + at.name;
  else
    text = "It is the next of the " + those;
  if (queue.ahead_above > 0)
    text += ", " + std::to_string(queue.ahead_above) + " by a higher priority";
  found.add("waiting-in-queue", importance::delaying, text + ".",
            queue.ahead == 0 ? "A worker that asks for work gets it."
                             : "Those are claimed, or this one gets a higher priority "
                               "(changeTaskPriority).",
            {{"taskQueueId", at.name},
             {"priority", to_string(found.facts.task.priority)},
             {"ahead", queue.ahead},
             {"aheadOfHigherPriority", queue.ahead_above},
             {"pending", queue.pending}});
}

}  // namespace

void add_queue(reason_list& found) {
  const standing at{found.facts};
  if (!at.queue.waits)
    return found.add("being-claimed", importance::delaying,
                     "A worker is being given the run just now.",
                     "Nothing has to; ask again in a moment.");
  add_pool_failures(found, at);
  add_absence(found, at);
  if (at.has_only_quarantined())
    add_quarantine(found, at);
  if (at.queue.ahead > 0)
    add_place(found, at);
  add_pool(found, at);
  add_work(found, at);
  if (at.queue.ahead == 0)
    add_place(found, at);
  if (!at.has_only_quarantined())
    add_quarantine(found, at);
}

}  // namespace troupe
