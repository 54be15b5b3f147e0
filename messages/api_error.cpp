#include "messages/api_error.hpp"

namespace troupe {

std::string_view code_name(error_code code) {
  switch (code) {
    case error_code::malformed_payload:
    case error_code::unsupported_encoding:
      return "MalformedPayload";
    case error_code::invalid_request_arguments:
      return "InvalidRequestArguments";
    case error_code::input_validation_error:
      return "InputValidationError";
    case error_code::input_error:
      return "InputError";
    case error_code::authentication_failed:
      return "AuthenticationFailed";
    case error_code::insufficient_scopes:
      return "InsufficientScopes";
    case error_code::resource_not_found:
      return "ResourceNotFound";
    case error_code::request_conflict:
      return "RequestConflict";
    case error_code::resource_expired:
      return "ResourceExpired";
    case error_code::input_too_large:
      return "InputTooLarge";
    case error_code::too_many_requests:
      return "TooManyRequests";
    case error_code::internal_server_error:
      return "InternalServerError";
    case error_code::no_matching_method:
      return "NoMatchingMethod";
    case error_code::no_matching_backend:
      return "NoMatchingBackend";
    case error_code::service_unavailable:
      return "ServiceUnavailable";
  }
  return "InternalServerError";
}

unsigned http_status(error_code code) {
  switch (code) {
    case error_code::malformed_payload:
    case error_code::invalid_request_arguments:
    case error_code::input_validation_error:
    case error_code::input_error:
    case error_code::no_matching_backend:
      return 400;
    case error_code::authentication_failed:
      return 401;
    case error_code::insufficient_scopes:
      return 403;
    case error_code::resource_not_found:
      return 404;
    case error_code::no_matching_method:
      return 406;
    case error_code::request_conflict:
      return 409;
    case error_code::resource_expired:
      return 410;
    case error_code::input_too_large:
      return 413;
    case error_code::unsupported_encoding:
      return 415;
    case error_code::too_many_requests:
      return 429;
    case error_code::internal_server_error:
      return 500;
    case error_code::service_unavailable:
      return 503;
  }
  return 500;
}

}  // namespace troupe
