#pragma once

#include "messages/api_error.hpp"
#include "workers/loop/queue_port.hpp"
#include "workers/remote/remote_link.hpp"

#include <memory>

namespace troupe {

/// The queue over the server's CAF port: claims, reclaims and reports are calls of its API, each
/// signed as over HTTP, and the server tells at once when it no longer wants a run. A connection
/// that is lost is made again, with pauses; runs go on meanwhile.
///
/// Returns when the worker was let in. The root URL of `worker` is filled in with what the server
/// says when it is empty. Waits for a server that cannot be reached yet, until the descriptor
/// `give_up` becomes readable; other errors are for the user: `input_error` for files, names or a
/// release that do not do, `authentication_failed` and `insufficient_scopes` for certificates and
/// credentials, `request_conflict` when another worker has the name.
outcome<std::unique_ptr<queue_port>> connect_remote_queue(worker_options& worker,
                                                          const remote_server& server,
                                                          std::string version, int give_up);

}  // namespace troupe
