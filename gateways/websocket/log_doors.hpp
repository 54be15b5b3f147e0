#pragma once

namespace troupe {

class rest_gateway;
class switchboard;

/// Adds the routes of live logs below `/api/troupe/v1/log/<taskId>/<runId>`:
/// GET streams it as text from `?offset=`, or with its last `?tail=` lines, and ends with it; with
/// `Upgrade: websocket` it comes as messages. PUT `?offset=` appends, POST `/finish` completes it,
/// both for who may create artifacts of the run. Reading asks for what reading the artifact
/// `public/logs/live.log` does.
void add_log_routes(rest_gateway& rest, switchboard& board);

}  // namespace troupe
