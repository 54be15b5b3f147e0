#include "gateways/remote/attendance_rules.hpp"

#include <algorithm>
#include <charconv>

namespace troupe {

namespace {

constexpr std::size_t most_text = 255;
constexpr std::size_t most_runs = 1024;
constexpr std::string_view claim_prefix = "/api/queue/v1/claim-work/";
constexpr std::string_view task_prefix = "/api/queue/v1/task/";

attendance* of_session(attendance_state& state, session_number session) {
  const auto found = state.by_session.find(session);
  return found == state.by_session.end() ? nullptr : &state.workers.at(found->second);
}

abort_run abort_of(const held_run& run, std::string_view why) {
  return {run.task, run.run, std::string{why}};
}

// What it had and does not have any more it will not report.
void compare_runs(attendance& worker, const std::vector<held_run>& has,
                  attendance_decision& decision) {
  const std::set<held_run> there(has.begin(), has.end());
  for (auto at = worker.runs.begin(); at != worker.runs.end();) {
    if (there.contains(at->first)) {
      ++at;
      continue;
    }
    if (at->second.ended.empty())
      decision.returned.push_back({at->first.task, at->first.run, "it came back without the run"});
    at = worker.runs.erase(at);
  }
  for (const auto& run : there) {
    const auto [at, is_new] = worker.runs.try_emplace(run);
    if (is_new) {
      decision.to_look_up.push_back(run);
    } else if (!at->second.ended.empty()) {
      decision.aborts.push_back(abort_of(run, at->second.ended));
      worker.runs.erase(at);
    }
  }
}

}  // namespace

outcome<void> check_hello(const worker_hello& hello) {
  const auto refused = [](std::string text) {
    return make_api_error(error_code::input_error, std::move(text));
  };
  if (hello.protocol != remote_protocol)
    return refused("This server speaks version " + std::to_string(remote_protocol) +
                   " of the worker protocol, the worker version " + std::to_string(hello.protocol) +
                   "; use the same release of troupe on both sides");
  if (hello.instance.empty())
    return refused("The hello of the worker lacks an instance");
  for (const auto* text : {&hello.instance, &hello.queue, &hello.worker.group, &hello.worker.id,
                           &hello.host, &hello.version})
    if (text->size() > most_text)
      return refused("A name in the hello of the worker has " + std::to_string(text->size()) +
                     " characters; " + std::to_string(most_text) + " are the most");
  if (hello.capacity == 0)
    return refused("A worker must be able to run at least one task");
  if (hello.runs.size() > most_runs)
    return refused("The worker says that it has " + std::to_string(hello.runs.size()) + " runs; " +
                   std::to_string(most_runs) + " are the most");
  return boost::system::in_place_value;
}

outcome<attendance_decision> on_hello(attendance_state& state, const worker_hello& hello,
                                      session_number session) {
  const attending_worker key{task_queue_id{{hello.queue}}, hello.worker};
  auto& worker = state.workers[key];
  if (worker.session != 0 && worker.instance != hello.instance)
    return make_api_error(error_code::request_conflict,
                          "A worker " + hello.worker.group + "/" + hello.worker.id + " of " +
                              hello.queue + " is connected already; each needs a name of its own");
  attendance_decision decision;
  state.away.erase({worker.expected_until, key});
  if (worker.session != 0) {
    decision.replaced = worker.session;
    state.by_session.erase(worker.session);
  }
  worker.instance = hello.instance;
  worker.session = session;
  worker.claims = 0;
  worker.ended_early.clear();
  for (auto& [run, known] : worker.runs)
    known.reporting = false;
  state.by_session[session] = key;
  compare_runs(worker, hello.runs, decision);
  return decision;
}

attendance_decision on_looked_up(attendance_state& state, session_number session,
                                 const held_run& run, bool is_its_own, std::string_view why) {
  attendance_decision decision;
  auto* worker = of_session(state, session);
  if (worker == nullptr || is_its_own || worker->runs.erase(run) == 0)
    return decision;
  decision.aborts.push_back(abort_of(run, why));
  return decision;
}

void on_claim_begins(attendance_state& state, session_number session) {
  if (auto* worker = of_session(state, session))
    ++worker->claims;
}

attendance_decision on_claim_ends(attendance_state& state, session_number session,
                                  const std::vector<held_run>& handed) {
  attendance_decision decision;
  auto* worker = of_session(state, session);
  if (worker == nullptr)
    return decision;
  for (const auto& run : handed) {
    const auto early = worker->ended_early.find(run);
    if (early == worker->ended_early.end())
      worker->runs.try_emplace(run);
    else
      decision.aborts.push_back(abort_of(run, early->second));
  }
  if (worker->claims > 0 && --worker->claims == 0)
    worker->ended_early.clear();
  return decision;
}

void on_report_begins(attendance_state& state, session_number session, const held_run& run) {
  auto* worker = of_session(state, session);
  if (worker == nullptr)
    return;
  if (const auto found = worker->runs.find(run); found != worker->runs.end())
    found->second.reporting = true;
}

attendance_decision on_report_ends(attendance_state& state, session_number session,
                                   const held_run& run, unsigned status) {
  attendance_decision decision;
  auto* worker = of_session(state, session);
  if (worker == nullptr)
    return decision;
  const auto found = worker->runs.find(run);
  if (found == worker->runs.end())
    return decision;
  // A conflict says as much as an abort does.
  const bool settled = (status >= 200 && status < 300) || status == 404 || status == 409;
  if (settled) {
    worker->runs.erase(found);
    return decision;
  }
  found->second.reporting = false;
  if (found->second.ended.empty())
    return decision;
  decision.aborts.push_back(abort_of(run, found->second.ended));
  worker->runs.erase(found);
  return decision;
}

attendance_decision on_run_ended(attendance_state& state, const attending_worker& worker,
                                 const held_run& run, std::string_view how) {
  attendance_decision decision;
  const auto there = state.workers.find(worker);
  if (there == state.workers.end())
    return decision;
  auto& known = there->second;
  const auto found = known.runs.find(run);
  if (found == known.runs.end()) {
    if (known.claims > 0)
      known.ended_early[run] = how;
    return decision;
  }
  if (known.session == 0 || found->second.reporting) {
    found->second.ended = how;
    return decision;
  }
  decision.aborts.push_back(abort_of(run, how));
  known.runs.erase(found);
  return decision;
}

void on_link_lost(attendance_state& state, session_number session, timestamp until) {
  auto* worker = of_session(state, session);
  if (worker == nullptr)
    return;
  worker->session = 0;
  worker->expected_until = until;
  state.away.emplace(until, state.by_session.at(session));
  worker->claims = 0;
  worker->ended_early.clear();
  for (auto& [run, known] : worker->runs)
    known.reporting = false;
  state.by_session.erase(session);
}

attendance_decision on_leave(attendance_state& state, session_number session) {
  attendance_decision decision;
  const auto found = state.by_session.find(session);
  if (found == state.by_session.end())
    return decision;
  const auto key = found->second;
  state.by_session.erase(found);
  if (!state.workers.at(key).runs.empty())
    decision.lost.push_back(key);
  state.workers.erase(key);
  return decision;
}

attendance_decision on_time(attendance_state& state, timestamp now) {
  attendance_decision decision;
  while (!state.away.empty() && state.away.begin()->first <= now) {
    auto over = state.away.extract(state.away.begin());
    state.workers.erase(over.value().second);
    decision.lost.push_back(std::move(over.value().second));
  }
  return decision;
}

std::optional<timestamp> next_time(const attendance_state& state) {
  return state.away.empty() ? std::nullopt : std::optional{state.away.begin()->first};
}

std::optional<held_run> reported_run(std::string_view verb, std::string_view target) {
  if (verb != "POST" || !target.starts_with(task_prefix))
    return std::nullopt;
  target.remove_prefix(task_prefix.size());
  const auto task = task_id::parse(target.substr(0, target.find('/')));
  if (!task)
    return std::nullopt;
  target.remove_prefix(task->view().size());
  constexpr std::string_view runs = "/runs/";
  if (!target.starts_with(runs))
    return std::nullopt;
  target.remove_prefix(runs.size());
  held_run result{*task, 0};
  const auto [end, failed] =
      std::from_chars(target.data(), target.data() + target.size(), result.run);
  if (failed != std::errc{})
    return std::nullopt;
  const std::string_view what{end, static_cast<std::size_t>(target.data() + target.size() - end)};
  if (what != "/completed" && what != "/failed" && what != "/exception")
    return std::nullopt;
  return result;
}

bool is_claim(std::string_view verb, std::string_view target) {
  return verb == "POST" && target.starts_with(claim_prefix);
}

std::string claim_target(std::string_view queue) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out{claim_prefix};
  for (const char c : queue) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    if (plain) {
      out += c;
      continue;
    }
    const auto u = static_cast<unsigned char>(c);
    out += '%';
    out += hex[u >> 4];
    out += hex[u & 15];
  }
  return out;
}

}  // namespace troupe
