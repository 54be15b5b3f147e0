#pragma once

#include "gateways/rest/takeover.hpp"
#include "messages/api_error.hpp"
#include "messages/caller.hpp"

#include <string>
#include <string_view>

namespace troupe {

/// Whether the caller has the scope; the error is the 403 that names it.
outcome<void> demand_scope(const caller& by, std::string scope);

/// Whether a body is the one whose hash was signed; the error is the 401.
outcome<void> check_payload_hash(std::string_view body, std::string_view content_type,
                                 const std::string& hash);

/// An error of a door that is no API method, in the envelope of the API under the door's name.
api_response door_failure(const lane& on, std::string_view door, const api_error& error);

}  // namespace troupe
