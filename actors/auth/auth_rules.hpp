#pragma once

#include "actors/auth/auth_state.hpp"
#include "messages/api_error.hpp"

#include <string>
#include <vector>

namespace troupe {

/// The state of a server with this configuration. The error names a client that is given twice.
outcome<auth_state> open_auth_with(const auth_setup& setup);

/// What the gateways are to work with from now on. The error names the first client or role that
/// cannot be used, and says why.
outcome<auth_snapshot_ptr> snapshot_of(const auth_state& state);

}  // namespace troupe
