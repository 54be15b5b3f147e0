#pragma once

#include "gateways/rest/takeover.hpp"

namespace troupe {

class switchboard;

/// Lets a WebSocket follow a live log from `?offset=` or `?tail=`: each message holds the next
/// bytes, and the socket is closed normally at the log's end. Whoever comes back names the offset
/// it has. What cannot be followed is closed with 4400, 4403 or 4404 and the reason, since a
/// browser does not let a page see why an upgrade was refused.
void follow_by_socket(upgraded_connection&& connection, switchboard& board);

}  // namespace troupe
