#pragma once

#include <cstdint>
#include <string_view>

namespace troupe::detail {

/// The alphabets of base64, RFC 4648 sections 4 and 5.
inline constexpr char base64_standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr char base64_url_safe[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes the digits of `bytes` without padding and returns the end of what was written.
inline char* encode_base64(std::string_view bytes, const char* alphabet, char* out) {
  const auto at = [&bytes](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
  };
  std::size_t i = 0;
  for (; i + 2 < bytes.size(); i += 3) {
    const auto v = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    *out++ = alphabet[v >> 18];
    *out++ = alphabet[v >> 12 & 63];
    *out++ = alphabet[v >> 6 & 63];
    *out++ = alphabet[v & 63];
  }
  if (i == bytes.size())
    return out;
  const bool two = i + 2 == bytes.size();
  const auto v = at(i) << 16 | (two ? at(i + 1) << 8 : 0);
  *out++ = alphabet[v >> 18];
  *out++ = alphabet[v >> 12 & 63];
  if (two)
    *out++ = alphabet[v >> 6 & 63];
  return out;
}

}  // namespace troupe::detail
