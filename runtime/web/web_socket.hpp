#pragma once

#include "messages/api_error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// Where a WebSocket leads to, and what its request says besides.
struct web_socket_request {
  std::string url;  ///< `ws`, `wss`, `http` or `https`
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::chrono::seconds limit{10};  ///< for the handshake with all that comes before it
};

/// Our end of a WebSocket to a server. Used on the thread of its io_context; one read, one write
/// and one close at a time. A peer that says nothing for a minute, not even to a ping, is lost.
class web_socket {
 public:
  /// How it was closed.
  struct ending {
    std::uint16_t code = 0;  ///< 0: it broke
    std::string reason;
  };

  virtual ~web_socket() = default;

  /// The next message, text or bytes; nothing when there will be none any more.
  virtual boost::asio::awaitable<std::optional<std::string>> read() = 0;

  /// Sends bytes as one message; false when it is lost.
  virtual boost::asio::awaitable<bool> write(std::string_view bytes) = 0;

  /// Says good-bye, which ends a read, too.
  virtual boost::asio::awaitable<void> close(std::uint16_t code, std::string_view reason) = 0;

  /// Breaks it off, which ends whatever waits.
  virtual void drop() = 0;

  /// How the other side closed it, once nothing is read any more.
  virtual ending how_it_ended() const = 0;
};

/// Opens a WebSocket, through the proxy that the environment names for it, if it does. When the
/// server answers otherwise the error has its status as code: `authentication_failed`,
/// `insufficient_scopes`, `resource_not_found`, `input_error`; it is `service_unavailable` when
/// there is no answer, or one of another kind. The request must be there until then.
boost::asio::awaitable<outcome<std::unique_ptr<web_socket>>> open_web_socket(
    boost::asio::io_context& io, const web_socket_request& request);

}  // namespace troupe
