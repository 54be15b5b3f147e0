#include "messages/json_text.hpp"

#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace troupe {

namespace {

bool is_plain(unsigned char c) { return c >= 0x20 && c != '"' && c != '\\'; }

// Eight letters at once. Right about whether there is a special one, not about which it is.
bool are_plain(std::uint64_t letters) {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  constexpr std::uint64_t tops = 0x80 * ones;
  const auto has_zero = [](std::uint64_t x) { return (x - ones) & ~x & tops; };
  const auto low = (letters - 0x20 * ones) & ~letters & tops;
  return (low | has_zero(letters ^ '"' * ones) | has_zero(letters ^ '\\' * ones)) == 0;
}

// Copies letters of a fixed number, and says whether all of them are plain.
template <class Word>
bool copy_word(char* to, const char* from) {
  Word word = 0;
  std::memcpy(&word, from, sizeof word);
  std::memcpy(to, &word, sizeof word);
  if constexpr (sizeof word < 8)
    return are_plain(word | std::uint64_t{word} << 32);
  else
    return are_plain(word);
}

#ifdef __SSE2__

constexpr std::size_t step = 16;

bool step_is_plain(__m128i letters) {
  const auto last_control = _mm_set1_epi8(0x1f);
  const auto special =
      _mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(letters, last_control), last_control),
                   _mm_or_si128(_mm_cmpeq_epi8(letters, _mm_set1_epi8('"')),
                                _mm_cmpeq_epi8(letters, _mm_set1_epi8('\\'))));
  return _mm_movemask_epi8(special) == 0;
}

bool step_is_plain(const char* letters) {
  return step_is_plain(_mm_loadu_si128(reinterpret_cast<const __m128i*>(letters)));
}

bool copy_step(char* to, const char* from) {
  const auto letters = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), letters);
  return step_is_plain(letters);
}

#else

constexpr std::size_t step = 8;

bool step_is_plain(const char* letters) {
  std::uint64_t word = 0;
  std::memcpy(&word, letters, sizeof word);
  return are_plain(word);
}

bool copy_step(char* to, const char* from) { return copy_word<std::uint64_t>(to, from); }

#endif

}  // namespace

// The last letters are taken together, some of them a second time.
bool copy_plain_json(char* to, std::string_view text) {
  const auto* letters = text.data();
  const auto size = text.size();
  if (size >= step) {
    for (std::size_t from = 0; from + step < size; from += step)
      if (!copy_step(to + from, letters + from))
        return false;
    return copy_step(to + size - step, letters + size - step);
  }
  if (size >= 8)
    return copy_word<std::uint64_t>(to, letters) &&
           copy_word<std::uint64_t>(to + size - 8, letters + size - 8);
  if (size >= 4)
    return copy_word<std::uint32_t>(to, letters) &&
           copy_word<std::uint32_t>(to + size - 4, letters + size - 4);
  for (std::size_t i = 0; i < size; ++i) {
    to[i] = letters[i];
    if (!is_plain(static_cast<unsigned char>(letters[i])))
      return false;
  }
  return true;
}

std::size_t find_special_letter(std::string_view text, std::size_t from) {
  while (from + step <= text.size() && step_is_plain(text.data() + from))
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
