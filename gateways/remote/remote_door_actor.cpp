#include "gateways/remote/remote_door_actor.hpp"

#include "gateways/remote/remote_desk.hpp"
#include "runtime/lane/lane.hpp"

#include <caf/io/middleman.hpp>

#include <atomic>

namespace troupe {

namespace {

// Of all doors of the process, so that none is ever taken for another.
session_number next_session() {
  static std::atomic<session_number> last{0};
  return ++last;
}

}  // namespace

remote_door_shell::remote_door_shell(caf::actor_config& config, remote_door_parts parts)
    : remote_door_shell_actor::base(config), parts_(std::move(parts)) {
  parts_.one_more();
}

remote_door_shell::behavior_type remote_door_shell::make_behavior() {
  return {
      [this](ask_server) {
        return server_introduction{remote_protocol, parts_.version, parts_.root_url};
      },
      [this](worker_hello& hello, worker_link_actor& link) { return receive(hello, link); },
      [this](hello_answered& message) { answer(message); },
      [this](end_session&) { quit(); },
  };
}

void remote_door_shell::on_exit() {
  guests_.clear();
  parts_.one_less();
}

remote_door_shell::let_in remote_door_shell::receive(worker_hello& hello, worker_link_actor& link) {
  if (!link)
    return caf::make_error(caf::sec::invalid_argument, "the hello of the worker names no link");
  const auto number = next_hello_++;
  const auto session = next_session();
  const auto node = link.node();
  parts_.one_more();
  auto shell = system().spawn<worker_session_shell>(parts_.home_of(hello.queue), session,
                                                    std::move(link), parts_.one_less);
  auto answered = make_response_promise<remote_answer, worker_session_actor>();
  guests_.emplace(number, guest{answered, shell, session});
  // Where it comes from only the network's own actor knows.
  auto kept = std::make_shared<worker_hello>(std::move(hello));
  act::request(this, system().middleman().actor_handle(), caf::infinite, caf::get_atom_v, node)
      .then([this, number, kept](const caf::node_id&, const std::string& from,
                                 std::uint16_t) { hand_over(number, *kept, from); },
            [this, number, kept](caf::error&) { hand_over(number, *kept, {}); });
  return answered;
}

void remote_door_shell::hand_over(std::uint32_t number, worker_hello& hello,
                                  const std::string& from) {
  const auto found = guests_.find(number);
  if (found == guests_.end())
    return;
  const auto home = parts_.home_of(hello.queue);
  home.on->post([home, number, session = found->second.number, shell = found->second.session,
                 door = caf::actor_cast<remote_door_shell_actor>(this), from,
                 hello = std::move(hello)]() mutable {
    home.desk->hello(session, std::move(hello), from, shell, [&](remote_answer answer) {
      act::anon_send(door, hello_answered{number, std::move(answer)});
    });
  });
}

void remote_door_shell::answer(hello_answered& message) {
  auto found = guests_.extract(message.hello);
  if (found.empty())
    return;
  auto& answered = found.mapped().answered;
  const auto& session = found.mapped().session;
  if (message.answer.status == 200)
    return answered.deliver(std::move(message.answer),
                            caf::actor_cast<worker_session_actor>(session));
  act::anon_send(session, end_session{"not let in"});
  answered.deliver(std::move(message.answer), worker_session_actor{});
}

}  // namespace troupe
