#pragma once

#include "messages/api/method.hpp"

namespace troupe {

/// The methods of the index service (secrets-index-purgecache contract, section 2), in the order in
/// which routes are tried.
const std::vector<api_method>& index_methods();

}  // namespace troupe
