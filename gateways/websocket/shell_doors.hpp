#pragma once

namespace troupe {

class rest_gateway;
class shell_desk;

/// Adds the routes of shells in running tasks, both for WebSockets. Workers offer them at
/// `/api/troupe/v1/shell/<taskId>/<runId>` with their secret in `X-Troupe-Shell`, which asks for
/// what creating artifacts of the run does: the connection stays silent until a reader has come,
/// says `open`, and is that reader's from then on. Whoever has the secret finds a shell at
/// `/shell/<secret>`, which speaks the protocol of the stock worker; otherwise the answer is 401.
void add_shell_routes(rest_gateway& rest, shell_desk& desk);

/// Adds the routes of displays in running tasks (workers contract 6.5). Workers offer them as they
/// offer shells, at `/api/troupe/v1/display/<taskId>/<runId>`; as long as such a connection waits
/// the worker says by it which displays there are, and it is given away with `open <display>`.
/// Whoever has the secret asks `/display/<secret>` which there are, and has one by a WebSocket
/// there.
void add_display_routes(rest_gateway& rest, shell_desk& desk);

}  // namespace troupe
