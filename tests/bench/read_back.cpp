#include "tests/bench/json_walker.hpp"
#include "tests/bench/load.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace troupe_load {

namespace {

std::string read_state(std::string_view body) {
  std::string state = "no-answer";
  json_walker json{body};
  json.object([&](std::string_view key) {
    if (key != "status") {
      json.skip();
      return;
    }
    json.object([&](std::string_view inner) {
      if (inner == "state")
        state = std::string{json.raw_string()};
      else
        json.skip();
    });
  });
  return state;
}

// Sends a request and waits for its answer; empty when none comes.
std::string ask(int socket, const std::string& request) {
  const timeval patience{5, 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    return {};
  std::string all;
  response_reader response;
  char piece[16384];
  while (!response.read(all)) {
    const auto got = recv(socket, piece, sizeof piece, 0);
    if (got <= 0)
      return {};
    all.append(piece, static_cast<std::size_t>(got));
  }
  return std::string{response.body(all)};
}

}  // namespace

std::string load::state_of(const std::string& task_id) {
  std::string request;
  requests_.write(request, "GET", server_.base_path + "/api/queue/v1/task/" + task_id + "/status",
                  &own_);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string answer;
  if (connect(socket, reinterpret_cast<const sockaddr*>(&server_.socket), sizeof server_.socket) ==
      0)
    answer = ask(socket, request);
  ::close(socket);
  return read_state(answer);
}

}  // namespace troupe_load
