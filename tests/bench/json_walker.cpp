#include "tests/bench/json_walker.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <iterator>

namespace troupe_load {

namespace {

constexpr char after_literal[] = {',', '}', ']', ' ', '\n'};

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
  } else {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 63));
  }
  out += static_cast<char>(0x80 | (code & 63));
}

char control_of(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    default:
      return letter;
  }
}

}  // namespace

std::string json_walker::unescape(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\' || i + 1 >= raw.size()) {
      out += raw[i];
      continue;
    }
    const char letter = raw[++i];
    if (letter != 'u') {
      out += control_of(letter);
      continue;
    }
    append_utf8(out, static_cast<unsigned>(
                         std::strtoul(std::string(raw.substr(i + 1, 4)).c_str(), nullptr, 16)));
    i += 4;
  }
  return out;
}

char json_walker::peek() {
  while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r'))
    ++at_;
  return at_ < end_ ? *at_ : '\0';
}

bool json_walker::eat(char wanted) {
  if (peek() != wanted || at_ == end_)
    return false;
  ++at_;
  return true;
}

std::string_view json_walker::raw_string() {
  if (!expect('"'))
    return {};
  const char* begin = at_;
  for (;;) {
    const auto* quote =
        static_cast<const char*>(std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_)));
    if (quote == nullptr) {
      ok_ = false;
      return {};
    }
    const char* before = quote;
    while (before > begin && before[-1] == '\\')
      --before;
    at_ = quote + 1;
    if ((quote - before) % 2 == 0)
      return {begin, static_cast<std::size_t>(quote - begin)};
  }
}

std::string_view json_walker::skip() {
  const char first = peek();
  const char* begin = at_;
  if (first == '"')
    raw_string();
  else if (first == '{' || first == '[')
    skip_nested();
  else if (first != '\0')
    at_ = std::find_first_of(at_, end_, std::begin(after_literal), std::end(after_literal));
  else
    ok_ = false;
  return {begin, static_cast<std::size_t>(at_ - begin)};
}

void json_walker::skip_nested() {
  int depth = 0;
  do {
    const char next = peek();
    if (next == '\0')
      ok_ = false;
    if (!ok_)
      return;
    if (next == '"') {
      raw_string();
      continue;
    }
    if (next == '{' || next == '[')
      ++depth;
    if (next == '}' || next == ']')
      --depth;
    ++at_;
  } while (depth > 0);
}

}  // namespace troupe_load
