#include "actors/task_queue/task_queue_rules.hpp"

#include "messages/json_text.hpp"

#include <algorithm>

namespace troupe {

namespace {

std::uint64_t key_of(const reply_handle& reply) {
  // A slot of a lane holds one waiting call at a time.
  return std::uint64_t{reply.lane} << 32 | reply.slot;
}

// In quarantine, or about to be stopped.
bool gets_nothing(const task_queue_state& state, const worker_name& worker, timestamp now) {
  if (!state.retired.empty() && state.retired.contains(worker))
    return true;
  if (state.quarantined.empty())
    return false;
  const auto found = state.quarantined.find(worker.group + "/" + worker.id);
  return found != state.quarantined.end() && found->second > now;
}

answer claims_answer(std::vector<std::string>& claims, std::vector<handed_out_run>& runs) {
  std::size_t size = 16;
  for (const auto& claim : claims)
    size += claim.size() + 1;
  std::string body;
  body.reserve(size);
  body += "{\"tasks\":[";
  answer result;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (claims[i].empty())
      continue;
    if (!result.handed_out.empty())
      body += ',';
    body += claims[i];
    result.handed_out.push_back(runs[i]);
  }
  body += "]}";
  result.body = std::move(body);
  return result;
}

answer empty_answer() { return answer{std::string{"{\"tasks\":[]}"}}; }

// The next run to hand out; entries past their deadline are left to their tasks.
std::optional<pending_run> take_next(task_queue_state& state, timestamp now) {
  while (!state.pending.empty()) {
    const auto first = state.pending.front();
    state.pending.pop_front();
    if (first.deadline > now)
      return first;
  }
  return std::nullopt;
}

void send_claim(task_queue_decision& decision, claim_collector& collector, std::uint32_t number,
                const pending_run& entry) {
  const auto position = static_cast<std::uint32_t>(collector.runs.size());
  collector.runs.push_back({entry.task, entry.run});
  collector.claims.emplace_back();
  ++collector.outstanding;
  decision.claims.push_back(
      claim_run{entry.task, entry.run, collector.call.worker, number, position});
}

// Claims for a call what is there, up to what it asked for. False when nothing is there.
bool serve(task_queue_state& state, task_queue_decision& decision, const waiting_claim& call,
           timestamp now) {
  auto next = take_next(state, now);
  if (!next)
    return false;
  const auto number = state.next_collector++;
  auto& collector = state.collectors[number];
  collector.call = call;
  const auto most = std::min<std::size_t>(call.count, 1 + state.pending.size());
  collector.runs.reserve(most);
  collector.claims.reserve(most);
  for (; next; next = take_next(state, now)) {
    send_claim(decision, collector, number, *next);
    if (collector.outstanding == call.count)
      break;
  }
  return true;
}

// Into the line, behind all that arrived earlier.
void park(task_queue_state& state, waiting_claim&& call) {
  const auto key = key_of(call.reply);
  auto place = state.waiting.end();
  if (!state.waiting.empty() && state.waiting.back().arrival > call.arrival)
    place = std::find_if(state.waiting.begin(), state.waiting.end(),
                         [&call](const auto& other) { return other.arrival > call.arrival; });
  state.waiting_by_reply[key] = state.waiting.insert(place, std::move(call));
}

// Hands what is pending to whoever waits.
void match(task_queue_state& state, task_queue_decision& decision, timestamp now) {
  for (auto at = state.waiting.begin(); at != state.waiting.end() && !state.pending.empty();) {
    if (gets_nothing(state, at->worker, now)) {
      ++at;
      continue;
    }
    if (!serve(state, decision, *at, now))
      return;
    state.waiting_by_reply.erase(key_of(at->reply));
    at = state.waiting.erase(at);
  }
}

// Whoever waits for the collector is gone, or is answered otherwise.
void withdraw(task_queue_decision& decision, claim_collector& collector,
              const std::string& reason) {
  collector.withdrawn = true;
  for (std::size_t i = 0; i < collector.claims.size(); ++i) {
    if (collector.claims[i].empty())
      continue;
    decision.returned.push_back(return_run{collector.runs[i].task, collector.runs[i].run, reason});
    collector.claims[i].clear();
  }
}

void set_claimed(task_queue_state& state, const task_id& task, claimed_run&& claim) {
  auto& known = state.claimed[task];
  state.claims_by_age.erase({known.claimed, task});
  state.claims_by_age.insert({claim.claimed, task});
  known = std::move(claim);
}

void finish(task_queue_state& state, task_queue_decision& decision, std::uint32_t number,
            timestamp now) {
  auto found = state.collectors.extract(number);
  auto& collector = found.mapped();
  const bool any = std::any_of(collector.claims.begin(), collector.claims.end(),
                               [](const std::string& claim) { return !claim.empty(); });
  if (any) {
    auto claims = claims_answer(collector.claims, collector.runs);
    auto& handed = decision.handed.emplace_back();
    handed.worker = std::move(collector.call.worker);
    handed.runs.assign(claims.handed_out.begin(), claims.handed_out.end());
    decision.answers.emplace_back(collector.call.reply, std::move(claims));
    return;
  }
  if (collector.withdrawn)
    return;
  if (collector.call.until <= now) {
    decision.answers.emplace_back(collector.call.reply, empty_answer());
    return;
  }
  // Everything it was to get had ended meanwhile: it goes back to its place in the line.
  park(state, std::move(collector.call));
  match(state, decision, now);
}

}  // namespace

task_queue_decision on_enqueue(task_queue_state& state, const enqueue_run& command, timestamp now) {
  task_queue_decision decision;
  state.pending.insert(pending_run{command.enqueued_us, command.deadline, command.task,
                                   command.priority, command.run});
  state.first_deadline = std::min(state.first_deadline, command.deadline);
  if (!state.waiting.empty())
    match(state, decision, now);
  return decision;
}

void on_dequeue(task_queue_state& state, const dequeue_run& command) {
  state.pending.erase(
      pending_run{command.enqueued_us, {}, command.task, command.priority, command.run});
}

task_queue_decision on_reprioritise(task_queue_state& state, const reprioritise_run& command,
                                    timestamp now) {
  const bool waited = state.pending.erase(pending_run{
                          command.enqueued_us, {}, command.task, command.from, command.run}) > 0;
  if (!waited)
    return {};
  return on_enqueue(state,
                    enqueue_run{command.queue, command.task, command.run, command.to,
                                command.enqueued_us, command.deadline},
                    now);
}

claim_admitted on_admit(const task_queue_state& state, const admit_claim& command, timestamp now) {
  return {command.task, command.run, command.worker, gets_nothing(state, command.worker, now),
          command.reply};
}

void on_release(task_queue_state& state, const release_run& command) {
  const auto found = state.claimed.find(command.task);
  if (found == state.claimed.end() || found->second.run != command.run)
    return;
  state.claims_by_age.erase({found->second.claimed, command.task});
  state.claimed.erase(found);
}

void on_resume_claim(task_queue_state& state, const resume_claim& command) {
  set_claimed(state, command.task, claimed_run{command.run, command.worker, command.claimed});
}

void on_renew_claim(task_queue_state& state, const renew_claim& command) {
  const auto found = state.claimed.find(command.task);
  if (found != state.claimed.end() && found->second.run == command.run)
    set_claimed(state, command.task, claimed_run{command.run, found->second.worker, command.at});
}

timestamp end_of_wait(timestamp now, std::chrono::milliseconds wait) {
  const auto until = now + wait;
  const auto step = wait.count() / 20;
  return step == 0 ? until : timestamp{(until.ms + step - 1) / step * step};
}

task_queue_decision on_claim_work(task_queue_state& state, const claim_work& command, timestamp now,
                                  timestamp until) {
  task_queue_decision decision;
  waiting_claim call{command.reply, command.worker, std::max(command.count, 1u), until,
                     state.next_arrival++};
  if (state.waiting.empty() && !gets_nothing(state, command.worker, now)) {
    if (!serve(state, decision, call, now))
      park(state, std::move(call));
    return decision;
  }
  // Somebody whose quarantine has ended may wait for what is there, and waits longer.
  park(state, std::move(call));
  match(state, decision, now);
  return decision;
}

task_queue_decision on_claim_answered(task_queue_state& state, claim_answered&& command,
                                      timestamp now) {
  task_queue_decision decision;
  const auto found = state.collectors.find(command.collector);
  const bool claimed = !command.claim_json.empty();
  if (claimed && (found == state.collectors.end() || found->second.withdrawn)) {
    // Nobody is there to run it.
    decision.returned.push_back(return_run{command.task, command.run});
  }
  if (found == state.collectors.end())
    return decision;
  auto& collector = found->second;
  --collector.outstanding;
  if (claimed)
    set_claimed(state, command.task,
                claimed_run{command.run, collector.call.worker, command.claimed});
  if (claimed && !collector.withdrawn)
    collector.claims[command.position] = std::move(command.claim_json);
  if (!claimed && !collector.withdrawn && !gets_nothing(state, collector.call.worker, now))
    if (const auto next = take_next(state, now))
      send_claim(decision, collector, command.collector, *next);
  if (collector.outstanding == 0)
    finish(state, decision, command.collector, now);
  return decision;
}

task_queue_decision on_withdraw(task_queue_state& state, const withdraw_claim& command) {
  task_queue_decision decision;
  if (const auto found = state.waiting_by_reply.find(key_of(command.reply));
      found != state.waiting_by_reply.end() && found->second->reply == command.reply) {
    state.waiting.erase(found->second);
    state.waiting_by_reply.erase(found);
    if (command.still_reads)
      decision.answers.emplace_back(command.reply, empty_answer());
    return decision;
  }
  for (auto& [number, collector] : state.collectors) {
    if (collector.call.reply != command.reply)
      continue;
    if (command.still_reads)
      collector.call.until = {};  // answered when its tasks have; it does not wait again
    else
      withdraw(decision, collector, {});
  }
  return decision;
}

task_queue_decision on_timer(task_queue_state& state, timestamp now) {
  task_queue_decision decision;
  for (auto at = state.waiting.begin(); at != state.waiting.end();) {
    if (at->until > now) {
      ++at;
      continue;
    }
    decision.answers.emplace_back(at->reply, empty_answer());
    state.waiting_by_reply.erase(key_of(at->reply));
    at = state.waiting.erase(at);
  }
  return decision;
}

std::optional<timestamp> next_timer(const task_queue_state& state) {
  // All wait equally long.
  return state.waiting.empty() ? std::nullopt : std::optional{state.waiting.front().until};
}

task_queue_decision on_quarantine(task_queue_state& state, const set_quarantine& command,
                                  timestamp now) {
  task_queue_decision decision;
  const auto name = command.worker.group + "/" + command.worker.id;
  if (command.until > now) {
    state.quarantined[name] = command.until;
    return decision;
  }
  state.quarantined.erase(name);
  match(state, decision, now);
  return decision;
}

workers_retired on_retire(task_queue_state& state, const retire_workers& command) {
  workers_retired result{command.queue, {}};
  std::set<worker_name> busy;
  for (const auto& [task, claim] : state.claimed)
    busy.insert(claim.worker);
  for (const auto& [number, collector] : state.collectors)
    busy.insert(collector.call.worker);
  for (const auto& worker : command.among) {
    if (result.workers.size() == command.most)
      break;
    if (busy.contains(worker))
      continue;
    state.retired.insert(worker);
    result.workers.push_back(worker);
  }
  return result;
}

task_queue_decision on_remove_worker(task_queue_state& state, const remove_worker& command) {
  task_queue_decision decision;
  // Without one a task would take it that nobody had heard of the claim.
  const auto reason = command.reason.empty() ? std::string{"unknown"} : command.reason;
  state.retired.erase(command.worker);
  for (auto at = state.waiting.begin(); at != state.waiting.end();) {
    if (at->worker != command.worker) {
      ++at;
      continue;
    }
    decision.answers.emplace_back(at->reply, empty_answer());
    state.waiting_by_reply.erase(key_of(at->reply));
    at = state.waiting.erase(at);
  }
  // What it is getting just now is claimed by it as well, but told apart: both would give it back.
  std::set<task_id> on_their_way;
  for (auto& [number, collector] : state.collectors) {
    if (collector.call.worker != command.worker || collector.withdrawn)
      continue;
    for (const auto& run : collector.runs)
      on_their_way.insert(run.task);
    withdraw(decision, collector, reason);
    decision.answers.emplace_back(collector.call.reply, empty_answer());
  }
  for (const auto& [task, claim] : state.claimed)
    if (claim.worker == command.worker && !on_their_way.contains(task))
      decision.returned.push_back(return_run{task, claim.run, reason});
  return decision;
}

task_queue_decision give_up_waiting(task_queue_state& state, const api_error* error) {
  task_queue_decision decision;
  const auto answer_for = [error] { return error == nullptr ? empty_answer() : answer{*error}; };
  for (const auto& call : state.waiting)
    decision.answers.emplace_back(call.reply, answer_for());
  state.waiting.clear();
  state.waiting_by_reply.clear();
  for (auto& [number, collector] : state.collectors) {
    if (collector.withdrawn)
      continue;
    withdraw(decision, collector, {});
    decision.answers.emplace_back(collector.call.reply, answer_for());
  }
  return decision;
}

run_counts count_runs_of(task_queue_state& state, timestamp now,
                         std::chrono::milliseconds claim_timeout) {
  run_counts counts{state.pending.size(), state.claimed.size(), state.waiting.size()};
  if (state.first_deadline <= now) {
    // Their tasks take them out a while after the deadline; till then each count looks at all.
    state.first_deadline = timestamp{std::numeric_limits<std::int64_t>::max()};
    for (const auto& run : state.pending) {
      state.first_deadline = std::min(state.first_deadline, run.deadline);
      if (run.deadline <= now)
        --counts.pending;
    }
  }
  for (auto at = state.claims_by_age.begin(); at != state.claims_by_age.end(); ++at) {
    if (at->first + claim_timeout > now)
      break;
    --counts.claimed;
  }
  return counts;
}

std::string counts_text(const task_queue_id& id, const run_counts& counts, bool pending_only) {
  std::string out = "{\"provisionerId\":";
  append_json_string(out, id.provisioner());
  out += ",\"workerType\":";
  append_json_string(out, id.worker_type());
  out += ",\"taskQueueId\":";
  append_json_string(out, id.text);
  out += ",\"pendingTasks\":";
  append_number(out, counts.pending);
  if (!pending_only) {
    out += ",\"claimedTasks\":";
    append_number(out, counts.claimed);
  }
  out += '}';
  return out;
}

void append_measure(std::string& out, const task_queue_id& id, const run_counts& runs,
                    const counted_workers& workers) {
  out += out.empty() ? "[[" : ",[";
  append_json_string(out, id.text);
  for (const auto number : {runs.pending, runs.claimed, runs.waiting, std::uint64_t{workers.all},
                            std::uint64_t{workers.quarantined}}) {
    out += ',';
    append_number(out, number);
  }
  out += ']';
}

run_place place_of(const task_queue_state& state, const explain_run& command, timestamp now) {
  const pending_run own{command.enqueued_us, {}, command.task, command.priority, command.run};
  run_place place;
  const auto at = state.pending.lower_bound(own);
  place.waits = at != state.pending.end() && !(own < *at);
  // The first place of each priority, from the highest down to its own.
  std::uint64_t before = 0;
  const auto lowest = static_cast<std::size_t>(command.priority);
  for (auto level = place.ahead.size(); level >= lowest; --level) {
    const auto below = static_cast<task_priority>(level - 1);
    const auto end = level == lowest ? state.pending.rank(own)
                                     : state.pending.rank(pending_run{0, {}, {}, below, 0});
    place.ahead[level - 1] = end - before;
    before = end;
  }
  for (const auto& call : state.waiting)
    if (gets_nothing(state, call.worker, now))
      ++place.barred;
  std::set<worker_name> working;
  for (const auto& [task, claim] : state.claimed)
    working.insert(claim.worker);
  place.working = working.size();
  return place;
}

std::string explanation_text(const run_place& place, const run_counts& counts) {
  std::string by_priority;
  std::uint64_t ahead = 0;
  for (auto level = place.ahead.size(); level > 0; --level) {
    const auto runs = place.ahead[level - 1];
    if (runs == 0)
      continue;
    ahead += runs;
    (by_priority.append(by_priority.empty() ? "\"" : ",\"")
         .append(to_string(static_cast<task_priority>(level)))) += "\":";
    append_number(by_priority, runs);
  }
  std::string out = place.waits ? "{\"waits\":true" : "{\"waits\":false";
  const auto number = [&out](std::string_view name, std::uint64_t value) {
    (out.append(",\"").append(name)) += "\":";
    append_number(out, value);
  };
  number("ahead", ahead);
  out += ",\"aheadByPriority\":{" + by_priority + '}';
  number("pending", counts.pending);
  number("claimed", counts.claimed);
  number("waitingClaims", counts.waiting);
  number("barredClaims", place.barred);
  number("workingWorkers", place.working);
  out += '}';
  return out;
}

}  // namespace troupe
