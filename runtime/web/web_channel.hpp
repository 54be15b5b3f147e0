#pragma once

#include "runtime/web/web_message.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace troupe {

/// One exchange with another server whose bodies are too large for memory: they are sent and read
/// piece by piece. Everything throws `boost::system::system_error`; `why` tells people what it was.
class web_channel {
 public:
  /// `tls` must outlive it. A piece may take as long as `limit`.
  web_channel(boost::asio::io_context& io, boost::asio::ssl::context& tls,
              std::chrono::seconds limit);
  ~web_channel();

  /// Connects, and sends the request up to its body, of which `body_bytes` will follow.
  boost::asio::awaitable<void> begin(web_request request, std::uint64_t body_bytes = 0);

  /// Sends a piece of the body.
  boost::asio::awaitable<void> send(std::string_view bytes);

  /// Reads the answer up to its body, which the result does not have.
  boost::asio::awaitable<web_answer> head();

  /// Reads up to `most` bytes of the body of the answer; none at its end.
  boost::asio::awaitable<std::string> receive(std::size_t most);

  std::string why(const boost::system::system_error& failed) const;

 private:
  struct stream;
  template <class Of>
  struct stream_on;

  boost::asio::io_context& io_;
  boost::asio::ssl::context& tls_;
  std::chrono::seconds limit_;
  std::string refusal_;  // what was wrong with the certificate
  std::unique_ptr<stream> stream_;
};

}  // namespace troupe
