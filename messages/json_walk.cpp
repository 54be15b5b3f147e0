#include "messages/json_walk.hpp"

#include "messages/json_parser.hpp"

#include <boost/json/string.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace troupe {

namespace {

void skip_blanks(std::string_view& rest) {
  std::size_t at = 0;
  while (at < rest.size() &&
         (rest[at] == ' ' || rest[at] == '\n' || rest[at] == '\r' || rest[at] == '\t'))
    ++at;
  rest.remove_prefix(at);
}

bool take(std::string_view& rest, char expected) {
  if (rest.empty() || rest.front() != expected)
    return false;
  rest.remove_prefix(1);
  return true;
}

// The length of the string that `text` begins with, both quotes included; 0 when it has no end.
std::size_t length_of_string(std::string_view text) {
  for (std::size_t from = 1; from < text.size();) {
    const auto* quote = std::memchr(text.data() + from, '"', text.size() - from);
    if (quote == nullptr)
      return 0;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(quote) - text.data());
    // The quote is escaped by an odd number of backslashes.
    std::size_t slashes = 0;
    while (text[at - 1 - slashes] == '\\')
      ++slashes;
    if (slashes % 2 == 0)
      return at + 1;
    from = at + 1;
  }
  return 0;
}

std::size_t length_of_container(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    switch (text[at]) {
      case '"': {
        const auto length = length_of_string(text.substr(at));
        if (length == 0)
          return 0;
        at += length - 1;
        break;
      }
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0)
          return at + 1;
        break;
      default:
        break;
    }
  }
  return 0;
}

std::size_t length_of_value(std::string_view text) {
  if (text.empty())
    return 0;
  if (text.front() == '"')
    return length_of_string(text);
  if (text.front() == '{' || text.front() == '[')
    return length_of_container(text);
  return std::min(text.find_first_of(",]} \n\r\t"), text.size());
}

bool take_value(std::string_view& rest, std::string_view& value) {
  skip_blanks(rest);
  const auto length = length_of_value(rest);
  value = rest.substr(0, length);
  rest.remove_prefix(length);
  return length > 0;
}

}  // namespace

json_walk::json_walk(std::string_view text, char open, char close) : rest_(text), close_(close) {
  skip_blanks(rest_);
  if (!take(rest_, open))
    state_ = state::broken;
}

bool json_walk::end() {
  if (!take(rest_, close_))
    return false;
  skip_blanks(rest_);
  state_ = rest_.empty() ? state::complete : state::broken;
  return true;
}

bool json_walk::take_key() {
  skip_blanks(rest_);
  if (rest_.empty() || rest_.front() != '"' || !take_value(rest_, key_))
    return false;
  key_ = key_.substr(1, key_.size() - 2);
  skip_blanks(rest_);
  return take(rest_, ':');
}

bool json_walk::next() {
  if (state_ == state::complete || state_ == state::broken)
    return false;
  const bool is_first = std::exchange(state_, state::broken) == state::first;
  skip_blanks(rest_);
  if (end() || (!is_first && !take(rest_, ',')))
    return false;
  if ((close_ == '}' && !take_key()) || !take_value(rest_, value_))
    return false;
  state_ = state::further;
  return true;
}

std::optional<std::string_view> plain_json_string(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"')
    return std::nullopt;
  value = value.substr(1, value.size() - 2);
  if (value.find_first_of("\"\\") != std::string_view::npos)
    return std::nullopt;
  return value;
}

bool read_json_string(std::string_view value, std::string& out) {
  if (const auto plain = plain_json_string(value)) {
    out.assign(*plain);
    return true;
  }
  boost::system::error_code failed;
  const auto whole = parse_json(value, failed);
  if (failed || !whole.is_string())
    return false;
  out.assign(whole.get_string());
  return true;
}

bool read_json_date(std::string_view value, timestamp& out) {
  const auto text = plain_json_string(value);
  const auto date = text ? parse_date_time(*text) : std::nullopt;
  out = date.value_or(timestamp{});
  return date.has_value();
}

}  // namespace troupe
