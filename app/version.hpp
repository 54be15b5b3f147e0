#pragma once

#include "gateways/rest/rest_gateway.hpp"

#include <string_view>

namespace troupe {

/// The version of the program, as CMake knows it.
std::string_view program_version();

/// The commit it was built from; empty outside of a checkout.
std::string_view program_commit();

/// The same for doors that tell of it.
build_info program_build();

}  // namespace troupe
