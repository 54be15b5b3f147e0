#include "runtime/scopes/number_text.hpp"

#include <charconv>
#include <cmath>

namespace troupe {

namespace {

template <class Number, class... Format>
void append(std::string& out, Number number, Format... format) {
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, format...).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

// The shortest digits that mean this number, filled up with zeros: where a double knows no ones any
// more, to_chars would write out its exact value instead.
void append_large(std::string& out, double value) {
  std::string digits;
  append(digits, std::fabs(value), std::chars_format::scientific);
  const auto mark = digits.find('e');
  std::size_t exponent = 0;
  std::from_chars(digits.data() + mark + 2, digits.data() + digits.size(), exponent);
  digits.resize(mark);
  std::erase(digits, '.');
  digits.resize(exponent + 1, '0');
  if (value < 0)
    out += '-';
  out += digits;
}

}  // namespace

bool append_number_text(std::string& out, const boost::json::value& number) {
  // JavaScript knows doubles only: beyond 2^53 it prints another integer than was sent.
  constexpr std::int64_t exact = std::int64_t{1} << 53;
  if (number.is_int64() && number.get_int64() <= exact && number.get_int64() >= -exact) {
    append(out, number.get_int64());
    return true;
  }
  if (!number.is_number())
    return false;
  const auto value = number.to_number<double>();
  const auto size = std::fabs(value);
  if (!std::isfinite(value) || size >= 1e21 || (size != 0 && size < 1e-6))
    return false;
  if (value == 0)
    out += '0';
  else if (size > static_cast<double>(exact))
    append_large(out, value);
  else
    append(out, value, std::chars_format::fixed);
  return true;
}

}  // namespace troupe
