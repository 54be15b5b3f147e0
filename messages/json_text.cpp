#include "messages/json_text.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#else
#include <cstring>
#endif

namespace troupe {

namespace {

bool is_plain(unsigned char c) { return c >= 0x20 && c != '"' && c != '\\'; }

#ifdef __SSE2__

constexpr std::size_t step = 16;

// Sixteen letters at once: a bit for each that is not plain.
unsigned special_ones(const char* letters) {
  const auto text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(letters));
  const auto last_control = _mm_set1_epi8(0x1f);
  const auto special = _mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(text, last_control), last_control),
                                    _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')),
                                                 _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'))));
  return static_cast<unsigned>(_mm_movemask_epi8(special));
}

#else

constexpr std::size_t step = 8;

// Eight letters at once: not null when one of them is not plain.
std::uint64_t special_ones(const char* letters) {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  constexpr std::uint64_t tops = 0x80 * ones;
  std::uint64_t word = 0;
  std::memcpy(&word, letters, sizeof word);
  const auto has_zero = [](std::uint64_t x) { return (x - ones) & ~x & tops; };
  const auto low = (word - 0x20 * ones) & ~word & tops;
  return low | has_zero(word ^ '"' * ones) | has_zero(word ^ '\\' * ones);
}

#endif

}  // namespace

std::size_t find_special_letter(std::string_view text, std::size_t from) {
  while (from + step <= text.size() && special_ones(text.data() + from) == 0)
    from += step;
  while (from < text.size() && is_plain(static_cast<unsigned char>(text[from])))
    ++from;
  return from;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (std::size_t from = 0;;) {
    const auto end = find_special_letter(text, from);
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
