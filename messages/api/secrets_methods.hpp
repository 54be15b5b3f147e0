#pragma once

#include "messages/api/method.hpp"

namespace troupe {

/// The methods of the secrets service (secrets-index-purgecache contract, section 1), in the order
/// in which routes are tried.
const std::vector<api_method>& secrets_methods();

}  // namespace troupe
