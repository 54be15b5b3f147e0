#pragma once

#include <string_view>

namespace troupe {

/// The version of the program, as CMake knows it.
std::string_view program_version();

/// The commit it was built from; empty outside of a checkout.
std::string_view program_commit();

}  // namespace troupe
