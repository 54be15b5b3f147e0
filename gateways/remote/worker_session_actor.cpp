#include "gateways/remote/worker_session_actor.hpp"

#include "gateways/remote/remote_desk.hpp"
#include "runtime/lane/lane.hpp"

namespace troupe {

worker_session_shell::worker_session_shell(caf::actor_config& config, session_home home,
                                           std::uint64_t number, worker_link_actor link,
                                           std::function<void()> gone)
    : act::watching<worker_session_shell_actor::base>(config),
      home_(home),
      number_(number),
      link_(std::move(link)),
      gone_(std::move(gone)) {}

template <class Job>
void worker_session_shell::at_desk(Job job) {
  home_.on->post([desk = home_.desk, number = number_, job = std::move(job)]() mutable {
    job(*desk, number);
  });
}

worker_session_shell::behavior_type worker_session_shell::make_behavior() {
  watch(link_, [this] { lose_worker(); });
  return {
      [this](remote_call& call) { return pass_on(call); },
      [this](stop_waiting) {
        if (is_from_worker())
          at_desk([](remote_desk& desk, session_number number) { desk.end_wait(number); });
      },
      [this](leave_server) {
        if (is_from_worker())
          at_desk([](remote_desk& desk, session_number number) { desk.leave(number); });
      },
      [this](call_answered& message) { answer(message); },
      [this](abort_run& run) { act::send(this, link_, std::move(run)); },
      [this](mind_worker change) { mind(change.has_runs); },
      [this](doubt_worker) {
        doubted_ = true;
        if (!asking_)
          ask_worker();
      },
      [this](end_session&) { quit(); },
  };
}

void worker_session_shell::on_exit() {
  calls_.clear();
  link_ = nullptr;
  if (const auto gone = std::exchange(gone_, nullptr))
    gone();
}

void worker_session_shell::mind(bool has_runs) {
  minded_ = has_runs;
  if (!minded_)
    act::send(this, link_, no_more_questions{});
  else if (!asking_)
    ask_worker();
}

// One question at a time, so a worker that answers late is asked less, not more.
void worker_session_shell::ask_worker() {
  asking_ = minded_ || doubted_;
  if (!asking_)
    return;
  act::request(this, link_, busy_silence, are_you_there{})
      .then(
          [this] {
            doubted_ = false;
            run_delayed(busy_heartbeat, [this] { ask_worker(); });
          },
          [this](caf::error&) {
            asking_ = false;
            if (minded_ || doubted_)
              lose_worker();
          });
}

void worker_session_shell::lose_worker() {
  at_desk([](remote_desk& desk, session_number number) { desk.link_lost(number); });
  quit();
}

// Any program with a certificate could name this actor.
bool worker_session_shell::is_from_worker() {
  const auto& from = current_sender();
  return from != nullptr && from->node() == link_.node();
}

caf::result<remote_answer> worker_session_shell::pass_on(remote_call& call) {
  if (!is_from_worker())
    return remote_answer{403, R"({"code":"AuthenticationFailed","message":"not your session"})"};
  const auto number = next_call_++;
  auto answered = make_response_promise<remote_answer>();
  calls_.emplace(number, answered);
  at_desk([number, call = std::move(call)](remote_desk& desk, session_number session) {
    desk.call(session, number, call);
  });
  return answered;
}

void worker_session_shell::answer(call_answered& message) {
  auto waits = calls_.extract(message.call);
  if (!waits.empty())
    waits.mapped().deliver(std::move(message.answer));
}

}  // namespace troupe
