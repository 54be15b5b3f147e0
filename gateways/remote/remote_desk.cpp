#include "gateways/remote/remote_desk.hpp"

#include "messages/json_text.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"
#include "runtime/log/log.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::size_t most_calls = 256;  // of one worker at once
// A claim that waits is made again for the worker, so that idle workers are quiet. The header that
// it is signed with is good for three times as long.
constexpr auto longest_claim = std::chrono::minutes{5};
constexpr std::string_view json_type = "application/json";

std::string claim_body(const worker_hello& hello) {
  std::string body = "{\"workerGroup\":";
  append_json_string(body, hello.worker.group);
  body += ",\"workerId\":";
  append_json_string(body, hello.worker.id);
  return body + ",\"tasks\":1}";
}

// Whether the run is claimed by the worker, by the answer of its task; and if not, why.
std::pair<bool, std::string> is_claimed_by(const answer& status, const held_run& run,
                                           const worker_name& worker) {
  boost::system::error_code failed;
  const auto body = json::parse(status.body, failed);
  const auto* runs = failed || status.error ? nullptr : body.find_pointer("/status/runs", failed);
  const auto* array = runs == nullptr ? nullptr : runs->if_array();
  if (array == nullptr || run.run >= array->size())
    return {false, "unknown"};
  const auto* known = (*array)[run.run].if_object();
  const auto text = [known](std::string_view name) -> std::string {
    const auto* value = known == nullptr ? nullptr : known->if_contains(name);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : "";
  };
  if (text("state") != "running")
    return {false, text("reasonResolved").empty() ? "unknown" : text("reasonResolved")};
  const bool same = text("workerGroup") == worker.group && text("workerId") == worker.id;
  return {same, "claimed by another worker"};
}

}  // namespace

/// Waits for a task's answer about a run.
class remote_desk::look_up final : public answer_sink {
 public:
  look_up(remote_desk& desk, session_number session, std::uint32_t number, held_run run)
      : desk_(desk), session_(session), number_(number), run_(run) {}
  ~look_up() override { desk_.on_.close_reply(handle_); }

  void start() {
    handle_ = desk_.on_.open_reply(*this);
    desk_.parts_.board->tell(desk_.on_, get_status{run_.task, handle_});
  }

  void complete(troupe::answer&& result) override {
    handle_ = {};
    desk_.looked_up(session_, number_, run_, result);  // and this is gone
  }

 private:
  remote_desk& desk_;
  session_number session_;
  std::uint32_t number_;
  held_run run_;
  reply_handle handle_;
};

remote_desk::~remote_desk() { on_.cancel_timer(timer_); }

// -- coming ---------------------------------------------------------------------------------------

void remote_desk::hello(session_number number, worker_hello hello, const std::string& from,
                        worker_session_shell_actor to,
                        const std::function<void(remote_answer)>& then) {
  const auto target = claim_target(hello.queue);
  const auto body = claim_body(hello);
  api_request request;
  request.verb = "POST";
  request.target = target;
  request.authorization = hello.authorization;
  request.host = hello.host;
  request.content_type = json_type;
  request.body = body;
  request.source_ip = from;
  const auto refused = [&](api_error why) {
    parts_.api->refuse(on_, request, std::move(why), [&](api_response&& response) {
      then({response.status, std::move(response.body)});
    });
  };
  if (draining_)
    return refused(make_api_error(error_code::service_unavailable, "The server is stopping"));
  if (auto good = check_hello(hello); !good)
    return refused(std::move(good).error());
  if (!state_.workers.contains({task_queue_id{{hello.queue}}, hello.worker}) &&
      parts_.known->load(std::memory_order_relaxed) >= parts_.config->max_remote_workers)
    return refused(make_api_error(
        error_code::service_unavailable,
        "There are as many remote workers as max-remote-workers allows; try again later"));
  bool let_in = false;
  parts_.api->rehearse(on_, request, [&](api_response&& response) {
    let_in = response.status == 204;
    if (!let_in)
      then({response.status, std::move(response.body)});
  });
  if (!let_in)
    return;
  auto decision = on_hello(state_, hello, number);
  if (!decision) {
    doubt({task_queue_id{{hello.queue}}, hello.worker});
    return refused(std::move(decision).error());
  }
  sessions_[number] = {std::move(to), hello.host, from, false, false, {}, {}};
  count();
  arm_timer();
  log_record(severity::info, "remote-worker-connected",
             {{"taskQueueId", hello.queue},
              {"workerGroup", hello.worker.group},
              {"workerId", hello.worker.id},
              {"runs", hello.runs.size()},
              {"v", 1}},
             "queue");
  then({200, {}});
  carry_out(number, *decision);
}

// Somebody else comes in its name: the one before may be gone without a word.
void remote_desk::doubt(const attending_worker& worker) {
  if (const auto known = state_.workers.find(worker); known != state_.workers.end())
    if (const auto found = sessions_.find(known->second.session); found != sessions_.end())
      act::anon_send(found->second.to, doubt_worker{});
}

void remote_desk::ask_task(session_number number, const held_run& run) {
  const auto found = sessions_.find(number);
  if (found == sessions_.end())
    return;
  const auto question = next_look_up_++;
  auto asked = std::make_unique<look_up>(*this, number, question, run);
  auto& started = *asked;
  found->second.look_ups[question] = std::move(asked);
  started.start();
}

void remote_desk::looked_up(session_number number, std::uint32_t question, const held_run& run,
                            const troupe::answer& status) {
  const auto found = sessions_.find(number);
  const auto known = state_.by_session.find(number);
  if (found == sessions_.end() || known == state_.by_session.end())
    return;
  const auto [is_its_own, why] = is_claimed_by(status, run, known->second.second);
  const auto decision = on_looked_up(state_, number, run, is_its_own, why);
  found->second.look_ups.erase(question);
  carry_out(number, decision);
}

// -- calls ----------------------------------------------------------------------------------------

api_request remote_desk::request_of(const session& from, const remote_call& what) const {
  api_request request;
  request.verb = what.verb;
  request.target = what.target;
  request.authorization = what.authorization;
  request.host = from.host;
  request.content_type = what.body.empty() ? std::string_view{} : json_type;
  request.body = what.body;
  request.source_ip = from.address;
  return request;
}

void remote_desk::call(session_number number, std::uint32_t call, const remote_call& what) {
  const auto found = sessions_.find(number);
  if (found == sessions_.end())
    return;  // it has ended, and so has the session
  auto& from = found->second;
  const auto size = what.target.size() + what.authorization.size();
  if (draining_)
    return refuse(from, call, what,
                  make_api_error(error_code::service_unavailable,
                                 "The server is stopping; repeating the call is safe"));
  if (what.body.size() > parts_.config->max_body_bytes || size > parts_.config->max_header_bytes)
    return refuse(from, call, what,
                  make_api_error(error_code::input_too_large,
                                 "The call is larger than max-body-bytes or max-header-bytes"));
  if (from.calls.size() >= most_calls)
    return refuse(
        from, call, what,
        make_api_error(error_code::service_unavailable,
                       "This worker waits for the answers of " + std::to_string(from.calls.size()) +
                           " calls already; repeating the call is safe"));
  const bool claims = is_claim(what.verb, what.target);
  if (const auto run = reported_run(what.verb, what.target))
    on_report_begins(state_, number, *run);
  place(number, call, what,
        {claims ? what : remote_call{what.verb, what.target, {}, {}}, on_.now(), {}, {}});
}

void remote_desk::place(session_number number, std::uint32_t call, const remote_call& what,
                        placed_call kept) {
  auto& from = sessions_.at(number);
  if (is_claim(what.verb, what.target))
    on_claim_begins(state_, number);
  from.calls[call] = nullptr;
  kept.placed = on_.now();
  auto ticket = parts_.api->call(
      on_, request_of(from, what),
      [this, number, call, kept = std::move(kept)](api_response&& response) mutable {
        answer(number, call, kept, std::move(response));
      });
  // Most calls are under way now, some answered already.
  if (const auto still = sessions_.find(number); still != sessions_.end())
    if (const auto waits = still->second.calls.find(call); waits != still->second.calls.end()) {
      waits->second = ticket;
      if (still->second.hurried)
        ticket->end_wait();
    }
}

// Whether a claim that got nothing goes on for its worker.
bool remote_desk::waits_on(const session& from, const placed_call& placed,
                           const api_response& response) const {
  const std::chrono::seconds wait{parts_.config->claim_wait_s};
  const auto now = on_.now();
  return response.status == 200 && response.handed_out.empty() && !from.hurried && !draining_ &&
         wait.count() > 0 && now - placed.placed >= wait &&
         now + wait < placed.since + longest_claim;
}

void remote_desk::answer(session_number number, std::uint32_t call, placed_call& placed,
                         api_response&& response) {
  const auto& what = placed.what;
  const auto found = sessions_.find(number);
  if (found == sessions_.end())
    return parts_.api->give_back(on_, response);
  attendance_decision decision;
  if (is_claim(what.verb, what.target)) {
    std::vector<held_run> handed;
    for (const auto& run : response.handed_out)
      handed.push_back({run.task, run.run});
    decision = on_claim_ends(state_, number, handed);
    if (waits_on(found->second, placed, response)) {
      carry_out(number, decision);
      placed.last = std::move(response.body);
      const auto again = placed.what;
      return place(number, call, again, std::move(placed));
    }
    // Its header may be too old by now; with a new one the worker hears why not, if it still is so.
    if (response.status != 200 && !placed.last.empty()) {
      response.status = 200;
      response.body = std::move(placed.last);
    }
  } else if (const auto run = reported_run(what.verb, what.target)) {
    decision = on_report_ends(state_, number, *run, response.status);
  }
  act::anon_send(found->second.to,
                 call_answered{call, {response.status, std::move(response.body)}});
  found->second.calls.erase(call);
  carry_out(number, decision);
  end_session_when_idle(number);
}

void remote_desk::refuse(const session& from, std::uint32_t call, const remote_call& what,
                         api_error why) {
  parts_.api->refuse(
      on_, request_of(from, what), std::move(why), [&from, call](api_response&& response) {
        act::anon_send(from.to, call_answered{call, {response.status, std::move(response.body)}});
      });
}

void remote_desk::end_wait(session_number number) {
  const auto found = sessions_.find(number);
  if (found == sessions_.end())
    return;
  found->second.hurried = true;
  // Their answers change the table.
  std::vector<std::shared_ptr<api_door::ticket>> tickets;
  for (const auto& [call, ticket] : found->second.calls)
    tickets.push_back(ticket);
  for (const auto& ticket : tickets)
    if (ticket)
      ticket->end_wait();
}

// -- what workers hear, and what is heard of them -------------------------------------------------

void remote_desk::run_ended(const attending_worker& worker, const held_run& run,
                            const std::string& how) {
  const auto found = state_.workers.find(worker);
  if (found == state_.workers.end())
    return;
  const auto number = found->second.session;
  carry_out(number, on_run_ended(state_, worker, run, how));
}

void remote_desk::carry_out(session_number number, const attendance_decision& decision) {
  if (decision.replaced != 0)
    forget(decision.replaced, "the worker has connected anew");
  if (const auto found = sessions_.find(number); found != sessions_.end())
    for (const auto& run : decision.aborts)
      act::anon_send(found->second.to, run);
  for (const auto& run : decision.to_look_up)
    ask_task(number, run);
  for (const auto& run : decision.returned)
    parts_.board->tell(on_, run);
  for (const auto& [queue, worker] : decision.lost)
    parts_.board->tell(on_, worker_lost{queue, worker, "its connection was lost"});
  mind(number);
}

// Who has runs is asked each second whether it is there.
void remote_desk::mind(session_number number) {
  const auto found = sessions_.find(number);
  const auto known = state_.by_session.find(number);
  if (found == sessions_.end() || known == state_.by_session.end())
    return;
  const bool has_runs = !state_.workers.at(known->second).runs.empty();
  if (std::exchange(found->second.minded, has_runs) != has_runs)
    act::anon_send(found->second.to, mind_worker{has_runs});
}

// -- going ----------------------------------------------------------------------------------------

void remote_desk::leave(session_number number) {
  if (!sessions_.contains(number))
    return;
  const auto decision = on_leave(state_, number);
  forget(number, "the worker has left");
  carry_out(number, decision);
}

// A claim that waits is withdrawn with its ticket, before anything is assigned to it.
void remote_desk::link_lost(session_number number) {
  if (!sessions_.contains(number))
    return;
  if (const auto known = state_.by_session.find(number); known != state_.by_session.end())
    log_record(severity::info, "remote-worker-away",
               {{"taskQueueId", known->second.first.text},
                {"workerGroup", known->second.second.group},
                {"workerId", known->second.second.id},
                {"v", 1}},
               "queue");
  on_link_lost(state_, number, on_.now() + std::chrono::seconds{parts_.config->worker_grace_s});
  forget(number, "the connection is gone");
  arm_timer();
}

// The tables are in order before anything is told by tickets that go.
void remote_desk::forget(session_number number, const char* why) {
  auto gone = sessions_.extract(number);
  if (gone.empty())
    return;
  act::anon_send(gone.mapped().to, end_session{why});
  count();
}

void remote_desk::drain() {
  draining_ = true;
  std::vector<session_number> all;
  for (const auto& entry : sessions_)
    all.push_back(entry.first);
  for (const auto number : all) {
    end_wait(number);
    end_session_when_idle(number);
  }
}

void remote_desk::end_session_when_idle(session_number number) {
  if (!draining_)
    return;
  if (const auto found = sessions_.find(number);
      found != sessions_.end() && found->second.calls.empty())
    forget(number, "the server is stopping");
}

// What the workers have stays theirs: they report it to the next server.
void remote_desk::close() {
  draining_ = true;
  on_.cancel_timer(std::exchange(timer_, 0));
  while (!sessions_.empty())
    forget(sessions_.begin()->first, "the server is stopping");
  state_ = {};
  count();
}

// -- time -----------------------------------------------------------------------------------------

void remote_desk::on_timer() {
  timer_ = 0;
  const auto decision = on_time(state_, on_.now());
  carry_out(0, decision);
  count();
  arm_timer();
}

void remote_desk::arm_timer() {
  on_.cancel_timer(std::exchange(timer_, 0));
  if (const auto due = next_time(state_); due && !draining_)
    timer_ = on_.add_timer(*due, *this);
}

void remote_desk::count() {
  const auto now = state_.workers.size();
  parts_.known->fetch_add(now - counted_, std::memory_order_relaxed);
  counted_ = now;
}

}  // namespace troupe
