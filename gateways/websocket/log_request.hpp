#pragma once

#include "gateways/rest/takeover.hpp"
#include "messages/answer.hpp"
#include "messages/api_error.hpp"
#include "messages/ids.hpp"

#include <cstdint>
#include <string>

namespace troupe {

/// Which log a request is about, and from where.
struct log_request {
  task_id task;
  run_id run = 0;
  std::uint64_t offset = 0;      ///< bytes
  std::uint32_t tail_lines = 0;  ///< not 0: begin with the last lines instead
};

/// Reads the route's parameters, `offset` and `tail`; the error is a 400 that says what is wrong.
outcome<log_request> read_log_request(const door_request& request);

/// Whether the caller may read the log: who may read the artifact `public/logs/live.log`. The error
/// is the 403.
outcome<void> may_read_log(const door_request& request);

/// Whether the caller may write the log: who may create artifacts of the run.
outcome<void> may_write_log(const door_request& request, const log_request& about);

/// An error of these routes, in the envelope of the API.
api_response log_failure(const lane& on, const api_error& error);

/// The answer of the log's actor as a response.
api_response log_response(const lane& on, answer&& result);

}  // namespace troupe
