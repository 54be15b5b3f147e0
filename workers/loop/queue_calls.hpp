#pragma once

#include "workers/loop/queue_port.hpp"

#include <string>
#include <string_view>

namespace troupe {

/// A POST of the queue's HTTP API.
struct queue_call {
  std::string target;  ///< raw path
  std::string body;    ///< JSON, or empty
};

/// claimWork of this worker, for up to `count` tasks.
queue_call claim_work_call(const worker_options& worker, unsigned count);

/// reclaimTask.
queue_call reclaim_call(const run_address& run);

/// reportCompleted, reportFailed or reportException.
queue_call report_call(const run_address& run, run_report report);

/// `/api/queue/v1/task/<taskId>/runs/<runId>`
std::string target_of(const run_address& run);

/// Encodes a path segment as stock clients do.
std::string encode_segment(std::string_view text);

}  // namespace troupe
