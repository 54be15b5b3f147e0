#include "runtime/crypto/percent_code.hpp"

namespace troupe {

namespace {

bool is_plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

}  // namespace

void append_percent_encoded(std::string& out, std::string_view text, bool keep_slashes) {
  static constexpr char hex[] = "0123456789ABCDEF";
  for (char c : text) {
    if (is_plain(c) || (keep_slashes && c == '/')) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  append_percent_encoded(out, text, false);
  return out;
}

}  // namespace troupe
