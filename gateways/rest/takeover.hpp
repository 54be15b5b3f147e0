#pragma once

#include "gateways/rest/api_call.hpp"
#include "gateways/rest/web_stream.hpp"
#include "messages/caller.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

class lane;

/// A request for something that is not an API method: a page, a file, a live
/// log, an upgrade.
struct door_request {
  lane* on = nullptr;
  std::string verb;
  std::string target;               ///< raw path and query
  std::string path;                 ///< raw path
  std::string query;                ///< raw, without the question mark
  std::vector<std::string> params;  ///< what the route's `<x>` matched, decoded, in order
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string source_ip;
  /// Who asks, when the route wants to know: the caller without credentials has
  /// the scopes of `anonymous`. Bad credentials were answered with 401 already.
  caller_ptr by;
  /// With `door_access::caller_of_body`: the hash that the body must have; empty: any will do.
  std::string body_hash;

  /// The value of a header by its lower-case name; empty when it is not there.
  std::string_view header(std::string_view name) const;

  /// The decoded value of a query parameter; nothing when it is not there.
  std::optional<std::string> query_value(std::string_view name) const;
};

/// Whether a route wants the caller's credentials checked.
enum class door_access : std::uint8_t {
  open,            ///< credentials are not looked at
  caller,          ///< `door_request::by` is set; bad credentials are 401
  caller_of_body,  ///< the same, for who takes a body and holds it against `body_hash`
};

// -- (0) short answers
// -----------------------------------------------------------------------------

/// Answers at once: pages, references, static files held in memory.
using page_handler = std::function<api_response(const door_request&)>;

// -- (a) upgrades
// ----------------------------------------------------------------------------------

/// A connection whose client asked for a WebSocket. The HTTP session has let go
/// of it.
struct upgraded_connection {
  lane* on = nullptr;
  web_stream socket;
  boost::beast::http::request<boost::beast::http::empty_body> request;
  std::string leftover;  ///< bytes that came after the request
  door_request door;
};

/// Takes over a connection. Called on the lane of the socket. A handler that
/// refuses writes its own response to the socket.
using upgrade_handler = std::function<void(upgraded_connection&&)>;

// -- (b) streaming responses
// -----------------------------------------------------------------------

/// One response that is written piece by piece, so that its size does not
/// matter. Only used on the lane of its connection. When the peer goes away
/// `on_gone` is called, and what is written afterwards is dropped.
class response_stream {
 public:
  virtual ~response_stream() = default;

  /// Begins the response; once. Without a content length the body is chunked
  /// (HTTP/1.0: ended by closing). The headers every response has are added.
  virtual void begin(std::uint16_t status, std::string_view content_type,
                     std::vector<std::pair<std::string, std::string>> headers,
                     std::optional<std::uint64_t> content_length) = 0;

  /// Adds bytes to the body.
  virtual void write(std::shared_ptr<const std::string> bytes) = 0;

  /// The response is complete; the connection goes on with its next request.
  virtual void end() = 0;

  /// A whole response at once, instead of `begin`, `write` and `end`.
  virtual void respond(api_response&& response) = 0;

  /// The body cannot be completed: closes the connection, so that the client
  /// notices.
  virtual void abort() = 0;

  /// Bytes that were written and have not left yet.
  virtual std::size_t backlog_bytes() const = 0;

  /// Called when the backlog that a `write` left has become empty.
  virtual void on_drained(std::function<void()> told) = 0;

  /// Called once when the connection is gone before the response was complete.
  virtual void on_gone(std::function<void()> told) = 0;

  /// For request bodies: ends a pause that `body_consumer::on_bytes` asked for.
  virtual void resume_body() = 0;
};

// -- (c) streaming request bodies
// ------------------------------------------------------------------

/// Takes the body of a request piece by piece. Chunked transfer is decoded,
/// content encodings are left alone.
class body_consumer {
 public:
  virtual ~body_consumer() = default;

  /// The next bytes, valid during the call. False asks for a pause: nothing
  /// more is read until `response_stream::resume_body`.
  virtual bool on_bytes(std::string_view bytes) = 0;

  /// The body is complete.
  virtual void on_body_end() = 0;

  /// The connection is gone before the body was complete.
  virtual void on_body_lost() = 0;
};

/// Answers by a stream, and takes the body by the consumer it returns (null:
/// the body is dropped). May respond before the body came, which ends the
/// connection after the response.
using stream_handler =
    std::function<std::shared_ptr<body_consumer>(door_request&&, std::shared_ptr<response_stream>)>;

}  // namespace troupe
