#pragma once

#include <string_view>

namespace troupe {

/// What we say of services, methods and exchanges, as JSON. Made from descriptions.json when the
/// program is built.
std::string_view description_data();

}  // namespace troupe
