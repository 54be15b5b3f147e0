#pragma once

#include "gateways/rest/takeover.hpp"
#include "gateways/websocket/log_request.hpp"

#include <memory>

namespace troupe {

class switchboard;

/// Answers with a log as plain text: what is there, then what comes, and ends with the log. A HEAD
/// only hears whether there is one. With a `Range` header it is that part of what is there now.
void follow_as_text(const door_request& request, const log_request& about, switchboard& board,
                    std::shared_ptr<response_stream> stream);

}  // namespace troupe
