#pragma once

#include "runtime/events/event.hpp"

#include <optional>
#include <string_view>

namespace troupe {

/// Reads `<ms>-<stream>.<n>`, the text that `event_id::text` makes. Nothing when it is malformed,
/// or the stream is none of ours.
std::optional<event_id> parse_event_id(std::string_view text);

}  // namespace troupe
