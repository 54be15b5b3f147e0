#pragma once

#include "workers/loop/queue_port.hpp"

namespace troupe {

/// The queue over its HTTP API, as stock workers speak with it. It never tells that a run is to be
/// stopped: over HTTP the server cannot speak first.
std::unique_ptr<queue_port> make_http_queue_port(const worker_options& worker);

}  // namespace troupe
