#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace troupe {

/// Longest full path of an entry of the index, in bytes.
inline constexpr std::size_t most_index_path = 255;

/// Most bytes of the data of an entry, as JSON.
inline constexpr std::size_t most_index_data = 32 * 1024;

/// Whether a text is a path of the index: components of certain characters with dots between them
/// (index contract, section 2).
constexpr bool is_index_path(std::string_view text) {
  constexpr std::string_view marks = "_!~*'()%-";
  bool open = true;  // a component must follow
  for (const char c : text) {
    if (c == '.') {
      if (open)
        return false;
      open = true;
      continue;
    }
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
          marks.find(c) != std::string_view::npos))
      return false;
    open = false;
  }
  return !open;
}

/// Namespace and name: what stands before the last dot, and behind it.
constexpr std::pair<std::string_view, std::string_view> split_index_path(std::string_view path) {
  const auto dot = path.rfind('.');
  if (dot == std::string_view::npos)
    return {std::string_view{}, path};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

}  // namespace troupe
