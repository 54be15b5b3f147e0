#include "workers/engines/container/network_listener.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace troupe {

namespace {

// What the child reports: the step that failed, and why. With `done` comes the listener.
enum class step : int { done, enter_users, enter_network, make_socket, bind, listen };

struct report {
  step at = step::done;
  int error = 0;
};

const char* name_of(step at) {
  switch (at) {
    case step::enter_users:
      return "its user namespace cannot be entered";
    case step::enter_network:
      return "its network namespace cannot be entered";
    case step::bind:
      return "the address cannot be had there";
    default:
      return "no listener can be made there";
  }
}

api_error trouble(const std::string& what, int error) {
  return make_api_error(error_code::input_error,
                        what + (error != 0 ? std::string{": "} + std::strerror(error) : ""));
}

bool is_same(int a, int b) {
  struct stat one;
  struct stat other;
  return ::fstat(a, &one) == 0 && ::fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

// A message of one report, and perhaps a descriptor.
struct envelope {
  report text;
  iovec part{&text, sizeof text};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr head{};

  envelope() {
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    head.msg_control = control;
    head.msg_controllen = sizeof control;
  }
};

void send_report(int to, report text, int carried) {
  envelope letter;
  letter.text = text;
  if (carried >= 0) {
    auto* const header = CMSG_FIRSTHDR(&letter.head);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof carried);
    std::memcpy(CMSG_DATA(header), &carried, sizeof carried);
  } else {
    letter.head.msg_controllen = 0;
  }
  ::sendmsg(to, &letter.head, MSG_NOSIGNAL);
}

// In a child of a process with threads: nothing here may allocate.
report make_listener(int users, int network, const sockaddr_in& where, int& listener) {
  if (users >= 0 && ::setns(users, CLONE_NEWUSER) != 0)
    return {step::enter_users, errno};
  if (::setns(network, CLONE_NEWNET) != 0)
    return {step::enter_network, errno};
  listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0)
    return {step::make_socket, errno};
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Loopback may still be down.
  ::setsockopt(listener, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
    return {step::bind, errno};
  if (::listen(listener, SOMAXCONN) != 0)
    return {step::listen, errno};
  return {};
}

outcome<descriptor> receive_listener(int from) {
  envelope letter;
  ssize_t got = 0;
  do
    got = ::recvmsg(from, &letter.head, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof letter.text))
    return trouble(name_of(step::make_socket), 0);
  if (letter.text.at != step::done)
    return trouble(name_of(letter.text.at), letter.text.error);
  const auto* const header = CMSG_FIRSTHDR(&letter.head);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS)
    return trouble(name_of(step::make_socket), 0);
  int listener = -1;
  std::memcpy(&listener, CMSG_DATA(header), sizeof listener);
  return descriptor{listener};
}

}  // namespace

// A process of its own makes the socket, since a process with threads cannot enter another user
// namespace, which a network of a user who is not root belongs to.
outcome<descriptor> listen_in_network_of(pid_t process, const std::string& address,
                                         std::uint16_t port) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1)
    return trouble(address + " is not an IPv4 address", 0);
  const auto place = "/proc/" + std::to_string(process) + "/ns/net";
  const descriptor network{::open(place.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!network)
    return trouble(place + " cannot be read", errno);
  const descriptor own{::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
  if (!own || is_same(network.get(), own.get()))
    return trouble("its network is that of this machine", 0);
  descriptor users{::ioctl(network.get(), NS_GET_USERNS)};
  const descriptor own_users{::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC)};
  if (users && own_users && is_same(users.get(), own_users.get()))
    users = {};
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return trouble(name_of(step::make_socket), errno);
  const descriptor here{pair[0]};
  descriptor there{pair[1]};
  const auto child = ::fork();
  if (child < 0)
    return trouble(name_of(step::make_socket), errno);
  if (child == 0) {
    int listener = -1;
    const auto told = make_listener(users.get(), network.get(), where, listener);
    send_report(there.get(), told, told.at == step::done ? listener : -1);
    ::_exit(0);
  }
  there = descriptor{};
  auto listener = receive_listener(here.get());
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return listener;
}

}  // namespace troupe
