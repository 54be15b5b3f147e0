#pragma once

#include "messages/api/method.hpp"

namespace troupe {

/// The methods of the object service (object contract, section 2), in the order in which routes are
/// tried.
const std::vector<api_method>& object_methods();

}  // namespace troupe
