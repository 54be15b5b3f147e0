#pragma once

#include "gateways/events/event_socket.hpp"
#include "gateways/rest/takeover.hpp"

#include <memory>

namespace troupe {

/// Serves the feed as server-sent events, as events contract section 4(b) says: `?bindings=` (or
/// `?taskId=`, `?taskGroupId=`) selects, `Last-Event-ID` or `?after=` says behind which event to
/// begin. The events are `ready`, `message`, `ping` each half a minute, and `gap`.
void serve_event_stream(const door_request& request, std::shared_ptr<response_stream> stream,
                        const event_place& at);

}  // namespace troupe
