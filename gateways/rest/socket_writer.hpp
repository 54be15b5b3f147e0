#pragma once

#include "gateways/rest/takeover.hpp"

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

  explicit socket_writer(tcp_socket& socket) : socket_(socket) {}

  /// Sends two texts one after the other; what does not leave at once is copied.
  result send(std::string_view first, std::string_view second);

  /// Adds a text that is shared with others, and sends what leaves at once.
  result send(std::string_view prefix, std::shared_ptr<const std::string> shared,
              std::string_view suffix);

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
  result flush();

  tcp_socket& socket_;
  std::deque<piece> queue_;
  std::size_t backlog_ = 0;
  std::uint64_t progress_ = 0;
  bool draining_ = false;
};

}  // namespace troupe
