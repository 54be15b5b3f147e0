#include "tests/bench/text.hpp"

#include <cctype>
#include <cstdio>
#include <cstdlib>

namespace troupe_load {

namespace {
constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

void append_base64(std::string& out, const std::uint8_t* bytes, std::size_t size) {
  std::size_t i = 0;
  for (; i + 2 < size; i += 3) {
    const auto v = std::uint32_t{bytes[i]} << 16 | std::uint32_t{bytes[i + 1]} << 8 | bytes[i + 2];
    const char four[] = {digits[v >> 18], digits[v >> 12 & 63], digits[v >> 6 & 63],
                         digits[v & 63]};
    out.append(four, 4);
  }
  if (i == size)
    return;
  const bool two = i + 2 == size;
  const auto v =
      std::uint32_t{bytes[i]} << 16 | (two ? std::uint32_t{bytes[i + 1]} << 8 : std::uint32_t{0});
  const char four[] = {digits[v >> 18], digits[v >> 12 & 63], two ? digits[v >> 6 & 63] : '=', '='};
  out.append(four, 4);
}

std::string to_base64(std::string_view bytes) {
  std::string out;
  append_base64(out, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return out;
}

std::string iso_time(std::time_t seconds) {
  std::tm t{};
  gmtime_r(&seconds, &t);
  char text[40];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &t);
  return text;
}

std::string url_encode(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += static_cast<char>(c);
      continue;
    }
    char code[4];
    std::snprintf(code, sizeof code, "%%%02X", c);
    out += code;
  }
  return out;
}

std::string json_escape(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) {
    if (c >= 0x20) {
      if (c == '"' || c == '\\')
        out += '\\';
      out += static_cast<char>(c);
      continue;
    }
    char code[8];
    std::snprintf(code, sizeof code, "\\u%04x", c);
    out += code;
  }
  return out;
}

void die(const std::string& why) {
  std::fprintf(stderr, "troupe_load: %s\n", why.c_str());
  std::exit(2);
}

}  // namespace troupe_load
