#pragma once

#include "gateways/rest/api_call.hpp"
#include "runtime/scopes/expression.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace troupe {

struct api_lane;

/// By this header of an `answer` an actor tells the gateway that a listing goes on after the key
/// that is its value. It does not reach the client.
inline constexpr std::string_view next_position_header = "next-position";

/// What a handler knows of the call it serves, and how it answers. Lives until the answer came; the
/// parsed body only until the handler returns.
class request_context {
 public:
  virtual ~request_context() = default;

  /// The lane's part of the API: lane, switchboard, settings, signer, random.
  virtual api_lane& here() = 0;
  virtual timestamp now() const = 0;

  /// The method that was called, as clients name it.
  virtual std::string_view method_name() const = 0;

  /// A path parameter, decoded. The name is one of the route.
  virtual std::string_view param(std::string_view name) const = 0;

  /// A query parameter, decoded and checked; nothing when it is not there.
  virtual std::optional<std::string_view> query(std::string_view name) const = 0;

  /// The body with defaults filled in; an empty object without one.
  virtual boost::json::value& body() = 0;

  /// The call as it came, for methods that look at its signature themselves.
  virtual const api_request& request() const = 0;

  /// A header that only some methods look at, by its lower-case name.
  virtual std::string_view header(std::string_view name) const = 0;

  // -- authorisation -----------------------------------------------------------------------------

  /// Checks the method's scope expression with these values for what is not a path parameter. The
  /// error is `insufficient_scopes` with the full text, or why the credentials are bad.
  virtual outcome<void> authorize(scope_lookup values) = 0;

  /// The same with values in an object.
  outcome<void> authorize(const boost::json::object& values) {
    const auto find = [&values](std::string_view name) { return values.if_contains(name); };
    return authorize(scope_lookup{find});
  }

  /// For methods whose scopes depend on state: the caller, to be carried to the actor, which then
  /// authorises before it does anything. Null when the credentials are bad and the call was failed.
  virtual caller_ptr delegate_authorization() = 0;

  // -- answering: exactly one of these -----------------------------------------------------------

  /// 200 with a finished JSON text.
  virtual void reply(std::string json) = 0;

  /// Another status; the body may be empty (204).
  virtual void reply(std::uint16_t status, std::string json) = 0;

  /// An error, in the envelope of the method.
  virtual void fail(api_error error) = 0;

  /// A handle to put into a command: the actor's answer becomes the answer of the call.
  virtual reply_handle await_answer() = 0;

  /// The same for a page of a listing: when the answer carries the header `next_position_header`,
  /// its value becomes the `continuationToken` of the body, good for the same method and
  /// `arguments`.
  virtual reply_handle await_page(std::string arguments) = 0;

  /// The same for a claim that may wait: when the caller goes away it is withdrawn from this queue.
  virtual reply_handle await_claim(const std::string& queue_id) = 0;

  /// Keeps something until the call is over, answered or not: what gathers the answers of several
  /// actors.
  virtual void keep(std::shared_ptr<void> until_over) = 0;
};

/// Serves one method. Called on the lane of the call.
using api_handler = void (*)(request_context& call);

}  // namespace troupe
