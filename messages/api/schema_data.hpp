#pragma once

#include <string_view>

namespace troupe {

/// All JSON schemas as one JSON object by id (`schemas/queue/v1/task`), without prose. Made from
/// schemas.json when the program is built.
std::string_view schema_data();

}  // namespace troupe
