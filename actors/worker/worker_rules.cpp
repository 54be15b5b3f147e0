#include "actors/worker/worker_rules.hpp"

#include <algorithm>

namespace troupe {

namespace {

bool same_run(const handed_out_run& a, const handed_out_run& b) {
  return a.task == b.task && a.run == b.run;
}

}  // namespace

void on_seen(worker_state& state, timestamp at) {
  if (!state.is_known()) {
    state.first_claim = at;
    state.quarantine_until = at - never_quarantined;
  }
  state.last_active = std::max(state.last_active, at);
  state.expires = std::max(state.expires, at + worker_lasts);
}

bool on_claimed(worker_state& state, const worker_claimed& command) {
  bool changed = false;
  if (command.at.ms != 0) {
    on_seen(state, command.at);
    changed = true;
  }
  if (!state.is_known())
    return false;
  auto& recent = state.recent;
  for (const auto& run : command.runs) {
    if (std::any_of(recent.begin(), recent.end(),
                    [&run](const auto& known) { return same_run(known, run); }))
      continue;
    recent.push_back(run);
    changed = true;
  }
  if (recent.size() > recent_runs)
    recent.erase(recent.begin(), recent.end() - recent_runs);
  return changed;
}

outcome<void> on_quarantine(worker_state& state, const quarantine_worker& command, timestamp now) {
  if (!state.is_known())
    return unknown_worker(state);
  state.quarantine_until = command.until;
  state.expires = std::max(state.expires, now + worker_lasts);
  state.quarantines.push_back({command.client_id, now, command.until,
                               command.info.empty() ? "[unspecified]" : command.info});
  return boost::system::in_place_value;
}

outcome<void> on_declared(worker_state& state, timestamp expires, timestamp now) {
  if (!state.is_known()) {
    if (expires <= now)
      return make_api_error(error_code::input_error,
                            "There is no worker " + state.worker.group + "/" + state.worker.id +
                                " of task queue " + state.queue.text + " yet, and 'expires' (" +
                                to_iso(expires) + ") has passed. Give a time in the future.");
    state.first_claim = now;
    state.quarantine_until = now - never_quarantined;
  }
  state.last_active = std::max(state.last_active, now);
  state.expires = std::max(state.expires, expires);
  return boost::system::in_place_value;
}

timestamp due_of(const worker_state& state) {
  return state.is_known() ? std::max(state.expires, state.quarantine_until) : timestamp{};
}

bool is_over(const worker_state& state, timestamp now, std::chrono::milliseconds delay) {
  return state.is_known() && due_of(state) + delay <= now;
}

bool is_listed(const worker_state& state, std::optional<bool> quarantined, timestamp now) {
  return is_shown(state, now) && (!quarantined || *quarantined == (state.quarantine_until >= now));
}

bool is_shown(const worker_state& state, timestamp now) {
  return state.is_known() && (state.expires >= now || state.quarantine_until >= now);
}

api_error unknown_worker(const worker_state& state) {
  return make_api_error(error_code::resource_not_found,
                        "Worker " + state.worker.group + "/" + state.worker.id + " of task queue " +
                            state.queue.text +
                            " does not exist: it never asked for work, or it was not seen for a "
                            "day. Check workerGroup and workerId.");
}

}  // namespace troupe
