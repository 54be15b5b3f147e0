#include "messages/json_text.hpp"

#include <cstring>

namespace troupe {

namespace {

bool is_plain(unsigned char c) { return c >= 0x20 && c != '"' && c != '\\'; }

// The eight letters at once: the top bit of a byte is set when it is not plain, or when one below
// it is not.
bool are_plain(const char* letters) {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  constexpr std::uint64_t tops = 0x80 * ones;
  std::uint64_t word = 0;
  std::memcpy(&word, letters, sizeof word);
  const auto has_zero = [](std::uint64_t x) { return (x - ones) & ~x & tops; };
  const auto low = (word - 0x20 * ones) & ~word & tops;
  return (low | has_zero(word ^ '"' * ones) | has_zero(word ^ '\\' * ones)) == 0;
}

// Where the first letter stands that a JSON string cannot hold as it is.
std::size_t find_special(std::string_view text, std::size_t from) {
  while (from + 8 <= text.size() && are_plain(text.data() + from))
    from += 8;
  while (from < text.size() && is_plain(static_cast<unsigned char>(text[from])))
    ++from;
  return from;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (std::size_t from = 0;;) {
    const auto end = find_special(text, from);
    out.append(text, from, end - from);
    if (end == text.size())
      break;
    const auto c = static_cast<unsigned char>(text[end]);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else {
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
    }
    from = end + 1;
  }
  out += '"';
}

}  // namespace troupe
