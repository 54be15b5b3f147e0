#pragma once

#include <boost/json/object.hpp>
#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace troupe {

/// The error codes of the wire (api-conventions section 8). The name of the enumerator in
/// CamelCase is the `code` member of the error envelope.
enum class error_code {
  malformed_payload,          ///< 400 body is not JSON, or has the wrong content type
  invalid_request_arguments,  ///< 400 path or query patterns
  input_validation_error,     ///< 400 the body violates the input schema
  input_error,                ///< 400 a rule the handler checks by hand
  authentication_failed,      ///< 401 credentials were presented and are not valid
  insufficient_scopes,        ///< 403
  resource_not_found,         ///< 404
  request_conflict,           ///< 409
  resource_expired,           ///< 410
  input_too_large,            ///< 413
  unsupported_encoding,       ///< 415, `MalformedPayload` on the wire
  too_many_requests,          ///< 429 `details` may say after how many seconds: `retryAfter`
  internal_server_error,      ///< 500 a bug; the text is not shown to the caller
  no_matching_method,         ///< 406 object service: none of the accepted download methods
  no_matching_backend,        ///< 400 object service: nobody keeps such objects
  service_unavailable,        ///< 503 outcome unknown, repeating the call is safe
};

/// The `code` text of the error envelope, e.g. `ResourceNotFound`.
std::string_view code_name(error_code code);

/// The HTTP status that goes with a code.
unsigned http_status(error_code code);

/// A failure on its way to the caller of an API method.
struct api_error {
  error_code code = error_code::internal_server_error;
  /// What is wrong and what to do about it. `{{key}}` is replaced from `details` when the error
  /// is rendered.
  std::string message;
  /// Values for the placeholders of `message`; usually empty.
  boost::json::object details = {};
};

/// A value or the error that prevented it.
template <class T>
using outcome = boost::system::result<T, api_error>;

/// Makes an error with a finished text.
inline api_error make_api_error(error_code code, std::string message) {
  return api_error{code, std::move(message), {}};
}

/// Thrown by `outcome::value()` on an error: a programming mistake, never used for control flow.
[[noreturn]] inline void throw_exception_from_error(const api_error& error,
                                                    const boost::source_location&) {
  throw std::logic_error("outcome has no value: " + error.message);
}

}  // namespace troupe

#define TROUPE_CONCAT_(a, b) a##b
#define TROUPE_CONCAT(a, b) TROUPE_CONCAT_(a, b)
#define TROUPE_TRY_IMPL(tmp, declaration, expression) \
  auto tmp = (expression);                            \
  if (!tmp)                                           \
    return std::move(tmp).error();                    \
  declaration = std::move(*tmp)

/// `TROUPE_TRY(auto x, f());` declares x from the value, or returns the error to the caller.
#define TROUPE_TRY(declaration, expression) \
  TROUPE_TRY_IMPL(TROUPE_CONCAT(troupe_try_, __LINE__), declaration, expression)

/// `TROUPE_CHECK(f());` returns the error of an outcome to the caller, and drops its value.
#define TROUPE_CHECK(expression)                                       \
  do {                                                                 \
    if (auto troupe_check_result = (expression); !troupe_check_result) \
      return std::move(troupe_check_result).error();                   \
  } while (false)
