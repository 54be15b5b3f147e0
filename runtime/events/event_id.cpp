#include "runtime/events/event_id.hpp"

#include "runtime/events/event_stream.hpp"

#include <charconv>

namespace troupe {

namespace {

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc{} && end == text.data() + text.size() && text.front() != '-';
}

}  // namespace

std::optional<event_id> parse_event_id(std::string_view text) {
  const auto dash = text.find('-');
  const auto dot = text.find('.');
  if (dash == std::string_view::npos || dot == std::string_view::npos || dot < dash)
    return std::nullopt;
  const auto ms = text.substr(0, dash);
  const auto stream = find_stream(text.substr(dash + 1, dot - dash - 1));
  const auto n = text.substr(dot + 1);
  event_id id;
  if (ms.empty() || !stream || n.empty() || !read_number(ms, id.ms) || !read_number(n, id.n))
    return std::nullopt;
  id.stream = *stream;
  return id;
}

}  // namespace troupe
