#pragma once

#include "runtime/events/event.hpp"

#include <string>

namespace troupe {

/// What is told about an event besides its payload, as JSON: id, seq, exchange, routingKey, cc,
/// time and redelivered. `seq` is the id, under the name that the bus's contract gives it.
std::string meta_frame(const event& what, bool redelivered);

}  // namespace troupe
