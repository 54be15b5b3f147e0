#include "gateways/rest/socket_writer.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace troupe {

namespace {

constexpr std::size_t most_joined_bytes = 16 * 1024;

/// Bytes sent, or nothing when the connection is broken.
std::optional<std::size_t> send_some(tcp_socket& socket, iovec* parts, std::size_t count) {
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  for (;;) {
    const auto n = ::sendmsg(socket.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0)
      return static_cast<std::size_t>(n);
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      return 0;
    if (errno != EINTR)
      return std::nullopt;
  }
}

iovec part_of(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

}  // namespace

void socket_writer::keep(std::string_view text) {
  if (text.empty())
    return;
  queue_.push_back({nullptr, std::string{text}, 0});
  backlog_ += text.size();
}

socket_writer::result socket_writer::send(std::string_view first, std::string_view second) {
  if (tls_ == nullptr)
    return send_as_is(first, second);
  sealed_.clear();
  // Short ones share a record.
  const bool joined = first.size() + second.size() <= most_joined_bytes;
  const bool done = joined ? tls_->send(std::string{first}.append(second), sealed_)
                           : tls_->send(first, sealed_) && tls_->send(second, sealed_);
  return done ? send_as_is(sealed_, {}) : result::broken;
}

socket_writer::result socket_writer::send_handshake() {
  if (tls_ == nullptr)
    return result::sent;
  sealed_.clear();
  tls_->take_output(sealed_);
  return sealed_.empty() ? result::sent : send_as_is(sealed_, {});
}

void socket_writer::say_end() {
  if (tls_ == nullptr || !queue_.empty())
    return;
  sealed_.clear();
  tls_->end(sealed_);
  if (!sealed_.empty())
    send_as_is(sealed_, {});
}

socket_writer::result socket_writer::send_as_is(std::string_view first, std::string_view second) {
  std::size_t sent = 0;
  if (queue_.empty()) {
    std::array<iovec, 2> parts{part_of(first), part_of(second)};
    const auto n = send_some(socket_, parts.data(), second.empty() ? 1 : 2);
    if (!n)
      return result::broken;
    sent = *n;
    ++progress_;
    if (sent == first.size() + second.size())
      return result::sent;
  }
  keep(first.substr(std::min(sent, first.size())));
  keep(second.substr(sent > first.size() ? sent - first.size() : 0));
  return result::waiting;
}

socket_writer::result socket_writer::send(std::string_view prefix,
                                          std::shared_ptr<const std::string> shared,
                                          std::string_view suffix) {
  if (tls_ != nullptr) {
    std::string sealed;
    if (!tls_->send(prefix, sealed) || !tls_->send(*shared, sealed) || !tls_->send(suffix, sealed))
      return result::broken;
    backlog_ += sealed.size();
    queue_.push_back({nullptr, std::move(sealed), 0});
    return draining_ ? result::waiting : flush();
  }
  keep(prefix);
  backlog_ += shared->size();
  queue_.push_back({std::move(shared), {}, 0});
  keep(suffix);
  return draining_ ? result::waiting : flush();
}

socket_writer::result socket_writer::flush() {
  while (!queue_.empty()) {
    std::array<iovec, 16> parts;
    std::size_t count = 0;
    for (const auto& item : queue_) {
      parts[count++] = part_of(item.rest());
      if (count == parts.size())
        break;
    }
    const auto n = send_some(socket_, parts.data(), count);
    if (!n)
      return result::broken;
    if (*n == 0)
      return result::waiting;
    ++progress_;
    backlog_ -= *n;
    auto left = *n;
    while (left > 0) {
      auto& front = queue_.front();
      const auto size = front.rest().size();
      if (left < size) {
        front.sent += left;
        break;
      }
      left -= size;
      queue_.pop_front();
    }
    // Empty pieces would never be passed over.
    while (!queue_.empty() && queue_.front().rest().empty())
      queue_.pop_front();
  }
  return result::sent;
}

void socket_writer::drain(std::shared_ptr<void> owner, std::function<void(result)> done) {
  if (draining_)
    return;
  draining_ = true;
  socket_.async_wait(tcp_socket::wait_write,
                     [this, owner = std::move(owner),
                      done = std::move(done)](boost::system::error_code failed) mutable {
                       draining_ = false;
                       const auto now = failed ? result::broken : flush();
                       if (now == result::waiting)
                         drain(std::move(owner), std::move(done));
                       else
                         done(now);
                     });
}

}  // namespace troupe
