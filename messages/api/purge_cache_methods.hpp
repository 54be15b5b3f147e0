#pragma once

#include "messages/api/method.hpp"

namespace troupe {

/// The methods of the purge-cache service (secrets-index-purgecache contract, section 3), in the
/// order in which routes are tried.
const std::vector<api_method>& purge_cache_methods();

}  // namespace troupe
