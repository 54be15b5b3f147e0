#pragma once

#include "messages/timestamp.hpp"

#include <optional>
#include <string_view>

namespace troupe {

/// Reads a point in time as clients in several languages write it: RFC 3339 as `parse_date_time`
/// does, a date alone (`2020-11-22`, midnight UTC), RFC 1123 (`Sun, 22 Nov 2020 02:00:00 GMT`), and
/// what JavaScript makes of a date (`Sun Nov 22 2020 02:00:00 GMT+0000 (UTC)`).
std::optional<timestamp> parse_lenient_date(std::string_view text);

}  // namespace troupe
