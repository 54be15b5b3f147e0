#pragma once

#include "runtime/web/web_socket.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>

namespace troupe {

/// A shell and who reads it: carries what is typed to the terminal, and what is shown back. Neither
/// side is read faster than the other takes it. On the thread of its io_context.
class shell_session : public std::enable_shared_from_this<shell_session> {
 public:
  /// `terminal` is our end of it, which the session closes. If it is no terminal the session is
  /// `plain`: bytes are carried as they are.
  shell_session(boost::asio::io_context& io, std::shared_ptr<web_socket> socket, int terminal,
                bool plain = false);

  /// Returns when the shell or its reader has gone.
  boost::asio::awaitable<void> carry();

  /// Hangs up and tells the reader why; `carry` returns when that has been done.
  void end(std::string reason);

 private:
  void hang_up();
  boost::asio::awaitable<void> carry_input();
  boost::asio::awaitable<void> carry_output();
  boost::asio::awaitable<void> feed_terminal();
  boost::asio::awaitable<void> take(std::string_view message);

  boost::asio::io_context& io_;
  std::shared_ptr<web_socket> socket_;
  boost::asio::posix::stream_descriptor terminal_;
  boost::asio::steady_timer fed_;   // cancelled when the terminal has taken all that was typed
  boost::asio::steady_timer over_;  // cancelled when input comes to its end
  std::string typed_;
  std::string reason_;
  const bool plain_;
  bool feeding_ = false;
  bool input_ended_ = false;
};

}  // namespace troupe
