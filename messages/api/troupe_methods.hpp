#pragma once

#include "messages/api/method.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What Troupe has besides the protocol, as clients of references see it. Doors serve these, each
/// by the route that stands here.
const std::vector<api_method>& troupe_methods();

/// The method of that name; there is one.
const api_method& troupe_method(std::string_view name);

/// Its path, as doors register it: `/api/troupe/v1/task/<taskId>/explain`.
std::string troupe_route(const api_method& method);

}  // namespace troupe
