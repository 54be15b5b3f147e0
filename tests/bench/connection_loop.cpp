#include "tests/bench/connection_loop.hpp"

#include "tests/bench/text.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace troupe_load {

connection_loop::connection_loop(const sockaddr_in& server, connection_listener& listener,
                                 statistics& seen)
    : server_(server), listener_(listener), seen_(seen), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

connection_loop::~connection_loop() { ::close(epoll_); }

void connection_loop::open(connection& what) {
  what.socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(what.socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(what.socket, reinterpret_cast<const sockaddr*>(&server_), sizeof server_) != 0 &&
      errno != EINPROGRESS)
    die(std::string("connect: ") + std::strerror(errno));
  what.used = false;
  what.want_out = true;  // learn of the connection's completion
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLOUT;
  interest.data.ptr = &what;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, what.socket, &interest);
}

void connection_loop::close(connection& what) {
  if (what.socket >= 0)
    ::close(what.socket);
  what.socket = -1;
}

void connection_loop::ask_for_out(connection& what, bool wanted) {
  if (what.want_out == wanted)
    return;
  what.want_out = wanted;
  epoll_event interest{};
  interest.events = EPOLLIN | (wanted ? unsigned{EPOLLOUT} : 0u);
  interest.data.ptr = &what;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, what.socket, &interest);
}

void connection_loop::send(connection& over) {
  over.busy = true;
  over.out_done = 0;
  over.in_size = 0;
  over.response.restart();
  if (over.socket < 0)
    open(over);
  flush(over);
}

void connection_loop::flush(connection& what) {
  while (what.out_done < what.out.size()) {
    const auto sent = ::send(what.socket, what.out.data() + what.out_done,
                             what.out.size() - what.out_done, MSG_NOSIGNAL);
    if (sent <= 0) {
      if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN))
        return ask_for_out(what, true);
      return lose(what, "send");
    }
    what.out_done += static_cast<std::size_t>(sent);
    seen_.bytes_out += sent;
  }
  ask_for_out(what, false);
}

void connection_loop::lose(connection& what, const char* how) {
  close(what);
  if (what.busy)
    listener_.on_broken(what, how);
}

void connection_loop::read(connection& from) {
  constexpr std::size_t least_room = 16384, first_room = 65536, much = 4096;
  for (;;) {
    if (from.in.size() - from.in_size < least_room)
      from.in.resize(std::max(first_room, from.in.size() * 2));
    const auto got =
        recv(from.socket, from.in.data() + from.in_size, from.in.size() - from.in_size, 0);
    if (got == 0)
      return lose(from, "closed");
    if (got < 0) {
      if (errno != EAGAIN)
        lose(from, "recv");
      return;
    }
    from.in_size += static_cast<std::size_t>(got);
    seen_.bytes_in += got;
    if (!from.busy)
      continue;  // stray bytes
    // The listener may already have sent the next request.
    if (from.response.read(from.received()))
      return listener_.on_response(from);
    if (static_cast<std::size_t>(got) < much)
      return;  // level-triggered: comes back when more arrives
  }
}

void connection_loop::wait(std::int64_t most_ns) {
  constexpr std::int64_t second = 1'000'000'000;
  most_ns = std::clamp<std::int64_t>(most_ns, 0, second);
  const timespec limit{most_ns / second, most_ns % second};
  std::array<epoll_event, 256> events;
  const int count =
      epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &limit, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    auto& about = *static_cast<connection*>(event.data.ptr);
    if (about.socket < 0)
      continue;
    if (event.events & EPOLLOUT) {
      if (about.busy && about.out_done < about.out.size())
        flush(about);
      else
        ask_for_out(about, false);
    }
    if (about.socket >= 0 && event.events & (EPOLLIN | EPOLLERR | EPOLLHUP))
      read(about);
  }
}

}  // namespace troupe_load
