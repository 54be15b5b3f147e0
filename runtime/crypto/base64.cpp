#include "runtime/crypto/base64.hpp"

#include "runtime/crypto/base64_alphabet.hpp"

#include <array>
#include <cstdint>

namespace troupe {

namespace {

constexpr signed char no_digit = -1;

constexpr auto digit_values = [] {
  std::array<signed char, 256> values{};
  for (auto& value : values)
    value = no_digit;
  for (std::size_t i = 0; i < 64; ++i) {
    values[static_cast<unsigned char>(detail::base64_standard[i])] = static_cast<signed char>(i);
    values[static_cast<unsigned char>(detail::base64_url_safe[i])] = static_cast<signed char>(i);
  }
  return values;
}();

std::string encode(std::string_view bytes, const char* alphabet, bool pad) {
  std::string out((bytes.size() + 2) / 3 * 4, '=');
  const auto end = detail::encode_base64(bytes, alphabet, out.data());
  if (!pad)
    out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

}  // namespace

std::string base64(std::string_view bytes) { return encode(bytes, detail::base64_standard, true); }
std::string base64url(std::string_view bytes) {
  return encode(bytes, detail::base64_url_safe, false);
}

bool decode_base64(std::string_view text, std::string& out) {
  while (!text.empty() && text.back() == '=')
    text.remove_suffix(1);
  if (text.size() % 4 == 1)
    return false;
  out.resize(text.size() * 3 / 4);
  char* to = out.data();
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    const auto value = digit_values[static_cast<unsigned char>(c)];
    if (value == no_digit)
      return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      *to++ = static_cast<char>(bits >> count & 255);
    }
  }
  return true;
}

std::string hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace troupe
