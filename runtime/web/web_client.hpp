#pragma once

#include "messages/api_error.hpp"
#include "runtime/web/web_message.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <optional>

namespace troupe {

/// Sends requests to other servers without ever blocking the thread. Certificates are checked
/// against the authorities of the system. Used on the thread of its io_context, and outlives what
/// it began.
class web_client {
 public:
  /// An exchange takes no longer than the limit.
  explicit web_client(boost::asio::io_context& io,
                      std::chrono::seconds limit = std::chrono::seconds{10});

  /// Sends a request on a connection of its own and reads the whole answer, of at most 1 MiB. An
  /// answer of any status is one; the error is `service_unavailable` and names the server.
  boost::asio::awaitable<outcome<web_answer>> exchange(web_request request);

 private:
  template <class Stream>
  boost::asio::awaitable<web_answer> converse(Stream& stream, const web_request& request,
                                              const web_location& where);
  boost::asio::awaitable<web_answer> attempt(const web_request& request, const web_location& where,
                                             std::string& refusal);

  boost::asio::ssl::context& tls();

  boost::asio::io_context& io_;
  std::optional<boost::asio::ssl::context> tls_;  // made when it is needed: it reads many files
  std::chrono::seconds limit_;
};

}  // namespace troupe
