#pragma once

namespace troupe {

/// To the owner of clients and roles: read them, and publish the first snapshot.
struct open_auth {};

}  // namespace troupe
