#include "workers/shells/shell_session.hpp"

#include "workers/shells/shell_message.hpp"
#include "workers/shells/terminal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <utility>

namespace troupe {

namespace asio = boost::asio;

namespace {

constexpr std::size_t most_shown_at_once = 16 * 1024;
// What is typed while a program does not read; then the reader has to wait, too.
constexpr std::size_t most_typed_ahead = 1024 * 1024;
constexpr std::uint16_t normal_closure = 1000;

using asio::redirect_error;
using asio::use_awaitable;

}  // namespace

shell_session::shell_session(asio::io_context& io, std::shared_ptr<web_socket> socket, int terminal,
                             bool plain)
    : io_(io),
      socket_(std::move(socket)),
      terminal_(io, terminal),
      fed_(io, asio::steady_timer::time_point::max()),
      over_(io, asio::steady_timer::time_point::max()),
      reason_(plain ? "the display has ended" : "the shell has ended"),
      plain_(plain) {}

asio::awaitable<void> shell_session::carry() {
  asio::co_spawn(
      io_,
      [self = shared_from_this()]() -> asio::awaitable<void> {
        co_await self->carry_input();
        // Whoever has the terminal hears that it hung up.
        self->hang_up();
        self->input_ended_ = true;
        self->over_.cancel();
      },
      asio::detached);
  co_await carry_output();
  if (!input_ended_)
    co_await socket_->close(normal_closure, reason_);
  hang_up();
  boost::system::error_code ignored;
  if (!input_ended_)
    co_await over_.async_wait(redirect_error(use_awaitable, ignored));
}

void shell_session::end(std::string reason) {
  reason_ = std::move(reason);
  boost::system::error_code ignored;
  terminal_.close(ignored);
}

void shell_session::hang_up() {
  boost::system::error_code ignored;
  terminal_.close(ignored);
  socket_->drop();
}

asio::awaitable<void> shell_session::carry_output() {
  std::array<char, most_shown_at_once> buffer;
  for (;;) {
    boost::system::error_code failed;
    const auto size = co_await terminal_.async_read_some(asio::buffer(buffer),
                                                         redirect_error(use_awaitable, failed));
    // The system answers with an error when nobody has the terminal any more, and with the end of
    // what is no terminal.
    if (failed)
      co_return;
    const std::string_view shown{buffer.data(), size};
    const bool sent = co_await socket_->write(shown);
    if (!sent)
      co_return;
  }
}

asio::awaitable<void> shell_session::carry_input() {
  for (;;) {
    const auto message = co_await socket_->read();
    if (!message)
      co_return;
    co_await take(*message);
  }
}

asio::awaitable<void> shell_session::take(std::string_view message) {
  const auto said = plain_ ? std::optional{shell_message{shell_message::kind::input, message}}
                           : read_shell_message(message);
  if (!said || !terminal_.is_open())
    co_return;
  if (said->what == shell_message::kind::size) {
    resize_terminal(terminal_.native_handle(), said->rows, said->columns);
    co_return;
  }
  typed_ += said->bytes;
  if (!std::exchange(feeding_, true))
    asio::co_spawn(
        io_,
        [self = shared_from_this()]() -> asio::awaitable<void> { co_await self->feed_terminal(); },
        asio::detached);
  boost::system::error_code ignored;
  if (typed_.size() > most_typed_ahead)
    co_await fed_.async_wait(redirect_error(use_awaitable, ignored));
}

asio::awaitable<void> shell_session::feed_terminal() {
  boost::system::error_code failed;
  while (!typed_.empty() && !failed) {
    const auto now = std::exchange(typed_, {});
    co_await asio::async_write(terminal_, asio::buffer(now), redirect_error(use_awaitable, failed));
  }
  feeding_ = false;
  fed_.cancel();
}

}  // namespace troupe
