#include "tests/bench/random_ids.hpp"

#include "tests/bench/text.hpp"

#include <cstring>

namespace troupe_load {

std::string slugid(random_source& random) {
  std::uint8_t b[16];
  const std::uint64_t halves[] = {random(), random()};
  std::memcpy(b, halves, sizeof b);
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  b[0] &= 0x7f;
  std::string out(22, 'A');
  std::size_t at = 0;
  for (std::size_t i = 0; i < 15; i += 3) {
    const auto v = std::uint32_t{b[i]} << 16 | std::uint32_t{b[i + 1]} << 8 | b[i + 2];
    out[at++] = url_digits[v >> 18];
    out[at++] = url_digits[v >> 12 & 63];
    out[at++] = url_digits[v >> 6 & 63];
    out[at++] = url_digits[v & 63];
  }
  out[at++] = url_digits[b[15] >> 2];
  out[at++] = url_digits[(b[15] & 3) << 4];
  return out;
}

}  // namespace troupe_load
