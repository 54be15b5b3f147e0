#pragma once

#include <string>
#include <string_view>

namespace troupe {

// Letters of protocols, where those beyond ASCII stay as they are whatever the locale says.

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr char ascii_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// The text with its letters A to Z in lower case.
inline std::string lower_case(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    c = ascii_lower(c);
  return out;
}

}  // namespace troupe
