#pragma once

#include "messages/answer.hpp"
#include "messages/api_error.hpp"
#include "messages/caller.hpp"
#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"
#include "messages/timestamp.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

class lane;

/// A call of an API method as a door took it in, whatever the door: HTTP, or a
/// remote worker's link. The texts belong to whoever makes the call, and must
/// stay until its response came.
struct api_request {
  std::string_view verb;             ///< `GET`, `PUT`, ... as signed
  std::string_view target;           ///< raw path and query, as signed
  std::string_view authorization;    ///< header value; empty: none
  std::string_view host;             ///< value of the `Host` header
  std::string_view forwarded_port;   ///< `X-Forwarded-Port` of a trusted proxy
  std::string_view forwarded_proto;  ///< `X-Forwarded-Proto` of a trusted proxy
  std::string_view content_type;     ///< header value; empty: none
  std::string_view body;             ///< decoded: no transfer or content encoding
  std::string_view trace_id;         ///< for the log; may be empty
  std::string_view request_id;       ///< for the log; may be empty
  std::string_view source_ip;        ///< who asks, for the log
  std::string_view skip_cdn;         ///< `x-taskcluster-skip-cdn`
  std::string_view region;           ///< `x-taskcluster-region`
  bool tls = false;                  ///< came through TLS that ends here
};

/// The `Retry-After` header that goes with an error, in seconds; empty: none.
std::string retry_after(const api_error& error);

/// What a call is answered.
struct api_response {
  static constexpr std::string_view json_type = "application/json; charset=utf-8";

  std::uint16_t status = 200;
  std::string_view content_type = json_type;  ///< static text; empty: no body
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< besides those every response has
  std::string allow;                                         ///< `Allow` of an OPTIONS answer
  /// Runs that this response hands to a worker. A door that cannot deliver it
  /// gives them back
  /// (`return_run`).
  std::vector<handed_out_run> handed_out;
};

/// Takes the response of a call. Called on the lane of the call, perhaps before
/// `api_call::start` returns.
class response_sink {
 public:
  virtual ~response_sink() = default;
  virtual void on_response(api_response&& response) = 0;
};

}  // namespace troupe
