#include "actors/worker_type/worker_type_rules.hpp"

#include "messages/json_text.hpp"

#include <algorithm>

namespace troupe {

namespace {

std::uint32_t count(const worker_type_state& state, worker_phase phase) {
  return static_cast<std::uint32_t>(
      std::count_if(state.workers.begin(), state.workers.end(),
                    [phase](const auto& worker) { return worker.second.phase == phase; }));
}

// In whole workers.
std::uint32_t workers_for(std::uint32_t tasks, std::uint32_t capacity) {
  return (tasks + capacity - 1) / capacity;
}

std::string free_name(const worker_type_state& state) {
  const auto& first = state.settings.worker_id;
  if (!state.workers.contains(first))
    return first;
  for (std::uint32_t n = 2;; ++n)
    if (auto name = first + "-" + std::to_string(n); !state.workers.contains(name))
      return name;
}

std::string full_name(const worker_type_state& state, const std::string& worker) {
  return "worker " + state.settings.worker_group + "/" + worker + " of " + state.settings.id.text;
}

// A worker ended unasked, or did not come: the next ones start later and later, unless this one had
// stayed for long.
void note_failure(worker_type_state& state, const pool_worker& worker, std::string how,
                  timestamp now) {
  const auto& settings = state.settings;
  if (worker.phase == worker_phase::running && now - worker.since >= settings.longest_pause)
    state.failures = 0;
  ++state.failures;
  state.last_failure = std::move(how);
  std::chrono::milliseconds pause{0};
  if (state.failures > 1) {
    pause = settings.first_pause;
    for (std::uint32_t i = 2; i < state.failures && pause < settings.longest_pause; ++i)
      pause *= 2;
    pause = std::min(pause, settings.longest_pause);
  }
  state.pause_until = now + pause;
}

std::string when_next(const worker_type_state& state, timestamp now) {
  const auto pause = state.pause_until - now;
  return pause.count() <= 0 ? "the next one may start at once"
                            : "the next one may start in " + std::to_string(pause.count()) + " ms";
}

void start_what_is_needed(worker_type_state& state, worker_type_decision& decision, timestamp now) {
  if (now < state.pause_until)
    return;
  for (auto left = workers_to_start(state); left > 0; --left) {
    const auto name = free_name(state);
    state.workers[name] = {worker_phase::requested, now};
    decision.start.push_back(name);
  }
}

// Who was not needed for the idle time is let go; the queue chooses those that have nothing to do.
void let_go_what_is_not(worker_type_state& state, worker_type_decision& decision, timestamp now) {
  const auto present = workers_present(state);
  const auto needed = workers_needed(state);
  if (present <= needed) {
    state.needed_since = {};
    return;
  }
  if (state.needed_since.ms == 0) {
    state.needed_since = now;
    state.most_needed = needed;
    return;
  }
  state.most_needed = std::max(state.most_needed, needed);
  if (now - state.needed_since < state.settings.idle_time)
    return;
  const auto keep = std::max(state.most_needed, state.settings.min_workers);
  state.needed_since = now;
  state.most_needed = needed;
  if (present <= keep)
    return;
  for (const auto& [name, worker] : state.workers)
    if (worker.phase == worker_phase::running)
      decision.retire_among.push_back(name);
  if (!decision.retire_among.empty())
    decision.retire = present - keep;
}

void reconcile(worker_type_state& state, worker_type_decision& decision, timestamp now) {
  if (!state.known)
    return;
  start_what_is_needed(state, decision, now);
  let_go_what_is_not(state, decision, now);
}

}  // namespace

std::uint32_t workers_present(const worker_type_state& state) {
  return count(state, worker_phase::requested) + count(state, worker_phase::running);
}

std::uint32_t workers_needed(const worker_type_state& state) {
  const auto& settings = state.settings;
  const auto work = workers_for(state.pending + state.claimed, settings.capacity_per_worker);
  return std::clamp(work, settings.min_workers, settings.max_workers);
}

std::uint32_t workers_to_start(const worker_type_state& state) {
  const auto& settings = state.settings;
  const auto capacity = settings.capacity_per_worker;
  const auto coming = count(state, worker_phase::requested);
  const auto running = count(state, worker_phase::running);
  const auto places = running * capacity;
  const auto free = (places > state.claimed ? places - state.claimed : 0) + coming * capacity;
  const auto uncovered = state.pending > free ? state.pending - free : 0;
  const auto present = coming + running;
  const auto below = settings.min_workers > present ? settings.min_workers - present : 0;
  // One that is told to end is still a machine.
  const auto alive = present + count(state, worker_phase::stopping);
  const auto room = settings.max_workers > alive ? settings.max_workers - alive : 0;
  return std::min(room, std::max(below, workers_for(uncovered, capacity)));
}

worker_type_decision on_demand(worker_type_state& state, const demand_changed& command,
                               timestamp now) {
  state.pending = command.pending;
  state.claimed = command.claimed;
  worker_type_decision decision;
  reconcile(state, decision, now);
  return decision;
}

worker_type_decision on_reported(worker_type_state& state, const workers_reported& command,
                                 timestamp now) {
  state.known = true;
  worker_type_decision decision;
  const auto reported = [&command](const std::string& id) {
    return std::any_of(command.workers.begin(), command.workers.end(),
                       [&id](const worker_name& worker) { return worker.id == id; });
  };
  for (auto& [name, worker] : state.workers) {
    const bool is_there =
        worker.phase == worker_phase::running || worker.phase == worker_phase::stopping;
    if (is_there && !reported(name)) {
      worker = {worker_phase::clearing, now};
      decision.lost.push_back(name);
    }
  }
  for (const auto& worker : command.workers)
    state.workers.try_emplace(worker.id, pool_worker{worker_phase::running, now});
  reconcile(state, decision, now);
  return decision;
}

worker_type_decision on_worker_seen(worker_type_state& state, const std::string& worker,
                                    timestamp now) {
  worker_type_decision decision;
  const auto found = state.workers.find(worker);
  if (found == state.workers.end() || found->second.phase != worker_phase::requested)
    return decision;
  found->second = {worker_phase::running, now};
  reconcile(state, decision, now);
  return decision;
}

worker_type_decision on_retired(worker_type_state& state, const workers_retired& command,
                                timestamp now) {
  worker_type_decision decision;
  for (const auto& worker : command.workers) {
    const auto found = state.workers.find(worker.id);
    if (found == state.workers.end() || found->second.phase != worker_phase::running)
      continue;
    found->second = {worker_phase::stopping, now};
    decision.stop.push_back(worker.id);
  }
  reconcile(state, decision, now);
  return decision;
}

worker_type_decision on_exited(worker_type_state& state, const std::string& worker, bool clean,
                               const std::string& how, timestamp now) {
  worker_type_decision decision;
  const auto found = state.workers.find(worker);
  if (found == state.workers.end() || found->second.phase == worker_phase::clearing)
    return decision;
  const auto phase = found->second.phase;
  const bool never_came = phase == worker_phase::requested;
  if (never_came || (phase == worker_phase::running && !clean)) {
    note_failure(state, found->second, how, now);
    decision.warning =
        full_name(state, worker) +
        (never_came ? " could not be started (" + how + ")"
                    : " ended unexpectedly (" + how + "); what it ran is given back") +
        ", failure " + std::to_string(state.failures) + " in a row; " + when_next(state, now);
  }
  found->second = {worker_phase::clearing, now};
  reconcile(state, decision, now);
  return decision;
}

worker_type_decision on_removed(worker_type_state& state, const std::string& worker,
                                timestamp now) {
  worker_type_decision decision;
  const auto found = state.workers.find(worker);
  if (found != state.workers.end() && found->second.phase == worker_phase::clearing)
    state.workers.erase(found);
  reconcile(state, decision, now);
  return decision;
}

worker_type_decision on_pool_timer(worker_type_state& state, timestamp now) {
  worker_type_decision decision;
  const auto timeout = state.settings.start_timeout;
  for (auto at = state.workers.begin(); at != state.workers.end();) {
    auto& [name, worker] = *at;
    const bool late = now - worker.since >= timeout;
    if (late && worker.phase == worker_phase::requested) {
      const auto how =
          "did not ask for work within " + std::to_string(timeout.count()) + " ms of its start";
      note_failure(state, worker, how, now);
      decision.warning =
          full_name(state, name) + " " + how + " and is ended; " + when_next(state, now);
      worker = {worker_phase::stopping, now};
      decision.stop.push_back(name);
    }
    if (late && worker.phase == worker_phase::clearing)
      at = state.workers.erase(at);
    else
      ++at;
  }
  reconcile(state, decision, now);
  return decision;
}

std::optional<timestamp> next_pool_timer(const worker_type_state& state) {
  std::optional<timestamp> due;
  const auto consider = [&due](timestamp when) {
    if (!due || when < *due)
      due = when;
  };
  if (!state.known)
    return due;
  if (workers_to_start(state) > 0)
    consider(state.pause_until);
  if (state.needed_since.ms != 0)
    consider(state.needed_since + state.settings.idle_time);
  for (const auto& [name, worker] : state.workers)
    if (worker.phase == worker_phase::requested || worker.phase == worker_phase::clearing)
      consider(worker.since + state.settings.start_timeout);
  return due;
}

std::string explanation_text(const worker_type_state& state) {
  const auto number = [](std::string& out, std::string_view name, std::uint64_t value) {
    (out.append(out.size() == 1 ? "\"" : ",\"").append(name)) += "\":";
    append_number(out, value);
  };
  std::string out = "{";
  number(out, "starting", count(state, worker_phase::requested));
  number(out, "running", count(state, worker_phase::running));
  number(out, "stopping", count(state, worker_phase::stopping));
  number(out, "maxWorkers", state.settings.max_workers);
  number(out, "capacityPerWorker", state.settings.capacity_per_worker);
  number(out, "failures", state.failures);
  if (state.failures > 0) {
    out += ",\"lastFailure\":";
    append_json_string(out, state.last_failure);
    out += ",\"nextStart\":\"";
    append_iso(out, state.pause_until);
    out += '"';
  }
  out += '}';
  return out;
}

}  // namespace troupe
