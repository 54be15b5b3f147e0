#pragma once

#include "messages/api/method.hpp"

namespace troupe {

/// The 49 methods of the queue (queue contract, section 6), in the order in which routes are tried.
const std::vector<api_method>& queue_methods();

}  // namespace troupe
