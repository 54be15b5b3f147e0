#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// Copies `text`, if a JSON string can hold all of it as it is; there must be room for it. If not,
/// it answers false, and what was written does not matter.
bool copy_plain_json(char* to, std::string_view text);

/// Where in `text`, from `from` on, the first letter stands that a JSON string cannot hold as it
/// is; its size if there is none.
std::size_t find_special_letter(std::string_view text, std::size_t from = 0);

/// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

/// Appends a number in decimal.
inline void append_number(std::string& out, std::uint64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

}  // namespace troupe
