#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Keys as one text, one a line, as the log keeps the CC keys of an event. A route may hold any
/// character: line ends and backslashes within a key are escaped.
std::string join_keys(std::span<const std::string> keys);

/// Adds the keys of such a text to the list.
void split_keys(std::string_view text, std::vector<std::string>& keys);

}  // namespace troupe
