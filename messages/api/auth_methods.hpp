#pragma once

#include "messages/api/method.hpp"

namespace troupe {

/// The methods of the auth service (auth contract, sections 5 and 9 to 13), in the order in which
/// routes are tried.
const std::vector<api_method>& auth_methods();

}  // namespace troupe
