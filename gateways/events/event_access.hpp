#pragma once

#include "gateways/rest/takeover.hpp"
#include "messages/api_error.hpp"
#include "messages/caller.hpp"

#include <functional>
#include <string_view>

namespace troupe {

class lane;

/// Whether the caller may read events: scope `web:read-pulse`. The error is the 403.
outcome<void> may_read_events(const caller& by);

/// Who signed this `Authorization` header, for a GET of the door's own URL.
using signature_check =
    std::function<outcome<caller_ptr>(const door_request& door, std::string_view authorization)>;

/// An error of the event feed, in the envelope of the API.
api_response event_failure(const lane& on, const api_error& error);

}  // namespace troupe
