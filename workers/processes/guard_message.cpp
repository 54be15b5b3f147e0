#include "workers/processes/guard_message.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <cerrno>
#include <climits>
#include <cstring>

namespace troupe {

namespace {
constexpr std::size_t most_descriptors = 4;
}

bool send_packet(int socket, const guard_message& message, const std::vector<int>& descriptors,
                 std::string_view text) {
  iovec parts[2] = {{const_cast<guard_message*>(&message), sizeof message},
                    {const_cast<char*>(text.data()), text.size()}};
  msghdr packet{};
  packet.msg_iov = parts;
  packet.msg_iovlen = text.empty() ? 1 : 2;
  alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))] = {};
  if (!descriptors.empty()) {
    packet.msg_control = control;
    packet.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    auto* header = CMSG_FIRSTHDR(&packet);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
  }
  ssize_t sent = 0;
  do
    sent = ::sendmsg(socket, &packet, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent > 0;
}

receive_result receive_packet(int socket, guard_packet& out) {
  out = {};
  char text[PATH_MAX];
  iovec parts[2] = {{&out.message, sizeof out.message}, {text, sizeof text}};
  alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))] = {};
  msghdr packet{};
  packet.msg_iov = parts;
  packet.msg_iovlen = 2;
  packet.msg_control = control;
  packet.msg_controllen = sizeof control;
  const auto got = ::recvmsg(socket, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0)
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? receive_result::nothing
                                                                     : receive_result::closed;
  if (static_cast<std::size_t>(got) < sizeof out.message)
    return receive_result::closed;
  out.text.assign(text, static_cast<std::size_t>(got) - sizeof out.message);
  for (auto* header = CMSG_FIRSTHDR(&packet); header != nullptr;
       header = CMSG_NXTHDR(&packet, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
      continue;
    out.descriptors.resize((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(out.descriptors.data(), CMSG_DATA(header), out.descriptors.size() * sizeof(int));
  }
  return receive_result::got;
}

}  // namespace troupe
