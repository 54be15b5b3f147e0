#pragma once

#include "messages/timestamp.hpp"

#include <string>

namespace troupe {

/// The date as HTTP has it: `Tue, 24 Nov 2026 12:00:00 GMT`.
std::string to_http_date(timestamp t);

}  // namespace troupe
