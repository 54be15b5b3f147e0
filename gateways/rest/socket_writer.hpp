#pragma once

#include "gateways/rest/web_stream.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace troupe {

/// Writes to a socket without waiting: sends at once what the socket takes, keeps the rest and
/// sends it when the socket is ready. Most responses leave in one system call and are never copied.
class socket_writer {
 public:
  enum class result { sent, waiting, broken };

  /// With `tls` what is sent goes through it; null: in clear.
  explicit socket_writer(tcp_socket& socket, tls_channel* tls = nullptr)
      : socket_(socket), tls_(tls) {}

  /// Sends two texts one after the other; what does not leave at once is copied.
  result send(std::string_view first, std::string_view second);

  /// Adds a text that is shared with others, and sends what leaves at once.
  result send(std::string_view prefix, std::shared_ptr<const std::string> shared,
              std::string_view suffix);

  /// Sends what TLS itself has to say; nothing to do without it.
  result send_handshake();

  /// Sends a short text as it is, TLS or not, if the peer takes it at once.
  void send_clear(std::string_view text) { send_as_is(text, {}); }

  /// Says that nothing more comes, if everything else has left and the peer takes it at once.
  void say_end();

  /// Bytes that have not left.
  std::size_t backlog_bytes() const { return backlog_; }

  /// Waits until more can be sent and sends it, until nothing is left. `done` is told `sent`, or
  /// `broken`. `owner` is kept alive meanwhile; one wait at a time.
  void drain(std::shared_ptr<void> owner, std::function<void(result)> done);

  /// Moments at which bytes left, counted: tells a stalled peer from a slow one.
  std::uint64_t progress() const { return progress_; }

 private:
  struct piece {
    std::shared_ptr<const std::string> shared;
    std::string own;
    std::size_t sent = 0;
    std::string_view rest() const { return std::string_view{shared ? *shared : own}.substr(sent); }
  };

  void keep(std::string_view text);
  result send_as_is(std::string_view first, std::string_view second);
  result flush();

  tcp_socket& socket_;
  tls_channel* tls_;
  std::string sealed_;  // memory for what TLS makes of a text
  std::deque<piece> queue_;
  std::size_t backlog_ = 0;
  std::uint64_t progress_ = 0;
  bool draining_ = false;
};

}  // namespace troupe
