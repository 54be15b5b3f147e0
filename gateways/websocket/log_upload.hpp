#pragma once

#include "gateways/rest/takeover.hpp"
#include "gateways/websocket/log_request.hpp"

#include <memory>

namespace troupe {

class switchboard;

/// Takes the body of a request as bytes of a log, and answers with the log's new end; 409 with
/// `offset` when bytes before are missing.
std::shared_ptr<body_consumer> append_from_body(const door_request& request,
                                                const log_request& about, switchboard& board,
                                                std::shared_ptr<response_stream> stream);

/// Completes a log, and answers with its end.
void finish_by_request(const door_request& request, const log_request& about, switchboard& board,
                       std::shared_ptr<response_stream> stream);

}  // namespace troupe
