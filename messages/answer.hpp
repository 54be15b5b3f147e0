#pragma once

#include "messages/api_error.hpp"
#include "messages/ids.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// A run that an answer hands to a worker. When the answer cannot be delivered any more the run is
/// given back instead of being lost until its claim expires (queue contract 8, ours).
struct handed_out_run {
  task_id task;
  run_id run = 0;
};

/// What a request is answered: a finished JSON text, or an error that the gateway puts into the
/// envelope of the method that was called.
struct answer {
  std::uint16_t status = 200;
  std::string body;  ///< JSON text; empty with status 204
  std::unique_ptr<api_error> error;
  std::vector<std::pair<std::string, std::string>> headers;  ///< besides the usual ones
  std::vector<handed_out_run> handed_out;

  answer() = default;
  explicit answer(std::string json) : body(std::move(json)) {}
  answer(std::uint16_t http_status, std::string json)
      : status(http_status), body(std::move(json)) {}
  explicit answer(api_error failure)
      : status(static_cast<std::uint16_t>(http_status_of(failure))),
        error(std::make_unique<api_error>(std::move(failure))) {}

 private:
  static unsigned http_status_of(const api_error& failure) { return http_status(failure.code); }
};

/// Where an answer goes in the end: a session of a gateway. Called on the sink's own lane.
class answer_sink {
 public:
  virtual ~answer_sink() = default;

  /// Takes the answer. Called at most once for each handle.
  virtual void complete(answer&& result) = 0;
};

}  // namespace troupe
