#pragma once

#include "gateways/remote/attendance_state.hpp"
#include "runtime/events/event.hpp"

#include <optional>
#include <string>

namespace troupe {

/// What an event says of the end of a run.
struct run_ending {
  attending_worker worker;  ///< who had it
  held_run run;
  std::string how;  ///< as in `reasonResolved`
};

/// Reads the event; nothing when it is not the end of a run that a worker had.
std::optional<run_ending> run_ending_of(const event& what);

}  // namespace troupe
