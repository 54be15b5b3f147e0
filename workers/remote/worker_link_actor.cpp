#include "workers/remote/worker_link_actor.hpp"

namespace troupe {

namespace {

constexpr std::chrono::seconds longest_greeting{10};
constexpr std::chrono::minutes longest_call{10};  // callers have limits of their own

}  // namespace

worker_link_shell::worker_link_shell(caf::actor_config& config, remote_door_actor door,
                                     link_events events)
    : act::watching<worker_link_shell_actor::base>(config),
      door_(std::move(door)),
      events_(std::move(events)) {}

worker_link_shell::behavior_type worker_link_shell::make_behavior() {
  watch(door_, [this] { go_down("the connection to the server was lost"); });
  return {
      [this](abort_run& run) { events_.aborted(run); },
      [this](are_you_there) { asked(); },
      [this](no_more_questions) { minded_ = false; },
      [this](greet_server& command) { greet(command); },
      [this](enter_server& command) { enter(command); },
      [this](place_call& command) { call(command); },
      [this](hurry_claim) {
        if (session_)
          act::send(this, session_, stop_waiting{});
      },
      [this](say_farewell& command) { leave(command); },
      [this](end_session&) { go_down("the worker ends the connection"); },
  };
}

void worker_link_shell::on_exit() {
  waiting_.clear();
  events_ = {};
  door_ = nullptr;
  session_ = nullptr;
}

std::uint32_t worker_link_shell::keep(then_function then) {
  waiting_.emplace(next_, std::move(then));
  return next_++;
}

void worker_link_shell::finish(std::uint32_t number, remote_answer answer) {
  auto found = waiting_.extract(number);
  if (!found.empty())
    found.mapped()(std::move(answer));
}

// A server of another protocol may not even understand the question: then there is no answer.
void worker_link_shell::greet(greet_server& command) {
  const auto number = keep(std::move(command.then));
  act::request(this, door_, longest_greeting, ask_server{})
      .then(
          [this, number](server_introduction& server) {
            if (server.protocol == remote_protocol)
              return finish(number, {200, std::move(server.root_url)});
            finish(number, {400, "the server (" + server.version + ") speaks version " +
                                     std::to_string(server.protocol) +
                                     " of the worker protocol, this worker version " +
                                     std::to_string(remote_protocol) +
                                     "; use the same release of troupe on both sides"});
          },
          [this, number](caf::error&) {
            finish(number, {0, "the server did not answer"});
          });
}

void worker_link_shell::enter(enter_server& command) {
  const auto number = keep(std::move(command.then));
  act::request(this, door_, longest_greeting, std::move(command.hello),
               caf::actor_cast<worker_link_actor>(this))
      .then(
          [this, number](remote_answer& answer, worker_session_actor& session) {
            if (answer.status == 200 && session) {
              session_ = session;
              watch(session_, [this] { go_down("the server ended the session"); });
            }
            finish(number, std::move(answer));
          },
          [this, number](caf::error&) {
            finish(number, {0, "the server did not answer"});
          });
}

void worker_link_shell::call(place_call& command) {
  const auto number = keep(std::move(command.then));
  if (!session_)
    return finish(number, {0, "there is no session"});
  act::request(this, session_, longest_call, std::move(command.call))
      .then([this, number](remote_answer& answer) { finish(number, std::move(answer)); },
            [this, number](caf::error&) {
              finish(number, {0, "the connection was lost before the answer"});
            });
}

void worker_link_shell::leave(say_farewell& command) {
  const auto number = keep(std::move(command.then));
  if (!session_)
    return finish(number, {200, {}});
  act::request(this, session_, longest_greeting, leave_server{})
      .then(
          [this, number] {
            finish(number, {200, {}});
          },
          [this, number](caf::error&) {
            finish(number, {0, {}});
          });
}

void worker_link_shell::asked() {
  minded_ = true;
  silent_ = 0;
  if (!std::exchange(counting_, true))
    count_silence();
}

// By counting, so that it needs no clock; a worker that was stopped meanwhile has counted nothing,
// and hears from the server whether it is still wanted.
void worker_link_shell::count_silence() {
  run_delayed(busy_heartbeat, [this] {
    counting_ = minded_;
    if (!counting_)
      return;
    if (++silent_ > busy_silence / busy_heartbeat)
      return go_down("the server has fallen silent");
    count_silence();
  });
}

// Whoever waits for an answer hears that there will be none.
void worker_link_shell::go_down(const char* why) {
  for (auto& [number, then] : std::exchange(waiting_, {}))
    then({0, why});
  if (const auto down = std::exchange(events_.down, nullptr))
    down();
  quit();
}

}  // namespace troupe
