#pragma once

#include "runtime/tls/tls_channel.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

namespace troupe {

/// A TCP socket that lives on the io_context of one lane.
using tcp_socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// A connection for those who read and write by Asio's operations, like a WebSocket: in clear, or
/// through the TLS of the HTTP session that it was. One read and one write at a time.
class web_stream {
 public:
  using executor_type = tcp_socket::executor_type;
  using next_layer_type = tcp_socket;

  explicit web_stream(tcp_socket socket, std::unique_ptr<tls_channel> tls = nullptr)
      : socket_(std::move(socket)), tls_(std::move(tls)) {}

  executor_type get_executor() { return socket_.get_executor(); }
  tcp_socket& next_layer() { return socket_; }
  const tcp_socket& next_layer() const { return socket_; }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_compose<Handler, void(boost::system::error_code, std::size_t)>(
        read_operation<Buffers>{*this, buffers}, handler, socket_);
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_compose<Handler, void(boost::system::error_code, std::size_t)>(
        write_operation<Buffers>{*this, buffers}, handler, socket_);
  }

 private:
  template <class Buffers>
  struct read_operation {
    web_stream& of;
    Buffers buffers;
    bool waited = false;

    template <class Self>
    void operator()(Self& self, boost::system::error_code failed = {}, std::size_t size = 0) {
      const bool first = !std::exchange(waited, true);
      if (!of.tls_) {
        if (!first)
          return self.complete(failed, size);
        // A copy, since these move away with `self`.
        const auto into = buffers;
        return of.socket_.async_read_some(into, std::move(self));
      }
      if (!first && !failed && of.text_.empty())
        failed = of.receive();
      if (!failed && of.text_.empty())
        return of.socket_.async_wait(tcp_socket::wait_read, std::move(self));
      // A handler is never called from within the call that begins an operation.
      if (first)
        return boost::asio::post(of.get_executor(), std::move(self));
      self.complete(failed, failed ? 0 : of.take(buffers));
    }
  };

  template <class Buffers>
  struct write_operation {
    web_stream& of;
    Buffers buffers;
    std::size_t taken = 0;
    bool begun = false;

    template <class Self>
    void operator()(Self& self, boost::system::error_code failed = {}, std::size_t size = 0) {
      if (std::exchange(begun, true))
        return self.complete(failed, of.tls_ ? (failed ? 0 : taken) : size);
      if (!of.tls_) {
        const auto from = buffers;
        return of.socket_.async_write_some(from, std::move(self));
      }
      of.sealed_.clear();
      for (auto it = boost::asio::buffer_sequence_begin(buffers);
           it != boost::asio::buffer_sequence_end(buffers) && taken < most_written_at_once; ++it) {
        const boost::asio::const_buffer piece{*it};
        const std::string_view text{static_cast<const char*>(piece.data()),
                                    std::min(piece.size(), most_written_at_once - taken)};
        if (!of.tls_->send(text, of.sealed_))
          break;
        taken += text.size();
      }
      boost::asio::async_write(of.socket_, boost::asio::buffer(of.sealed_), std::move(self));
    }
  };

  // Takes what the socket has, without waiting; an empty text afterwards means that more is needed.
  boost::system::error_code receive() {
    std::array<char, 16 * 1024> sealed;
    const auto n = ::recv(socket_.native_handle(), sealed.data(), sealed.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
      return {};
    if (n < 0)
      return {errno, boost::system::system_category()};
    if (n == 0)
      return boost::asio::error::eof;
    const auto state = tls_->receive({sealed.data(), static_cast<std::size_t>(n)}, text_);
    // What TLS itself has to say now, it says before the next bytes that are written.
    if (!text_.empty() || state == tls_channel::state::open)
      return {};
    return state == tls_channel::state::ended
               ? boost::system::error_code{boost::asio::error::eof}
               : boost::system::error_code{boost::asio::ssl::error::stream_truncated};
  }

  template <class Buffers>
  std::size_t take(const Buffers& buffers) {
    const auto n = boost::asio::buffer_copy(
        buffers, boost::asio::const_buffer{text_.data() + read_, text_.size() - read_});
    read_ += n;
    if (read_ == text_.size()) {
      text_.clear();
      read_ = 0;
    }
    return n;
  }

  static constexpr std::size_t most_written_at_once = 64 * 1024;

  tcp_socket socket_;
  std::unique_ptr<tls_channel> tls_;
  std::string text_;      // received and not read yet, from `read_`
  std::size_t read_ = 0;  // of it
  std::string sealed_;    // on its way
};

/// How a WebSocket ends the connection below it.
template <class Handler>
void async_teardown(boost::beast::role_type role, web_stream& stream, Handler&& handler) {
  boost::beast::websocket::async_teardown(role, stream.next_layer(),
                                          std::forward<Handler>(handler));
}

inline void teardown(boost::beast::role_type role, web_stream& stream,
                     boost::system::error_code& failed) {
  boost::beast::websocket::teardown(role, stream.next_layer(), failed);
}

}  // namespace troupe
