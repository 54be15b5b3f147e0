#include "gateways/rest/byte_range.hpp"

#include <algorithm>
#include <charconv>

namespace troupe {

namespace {

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc{} || stop != end)
    return std::nullopt;
  return value;
}

}  // namespace

wanted_range read_range(std::string_view header, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  const wanted_range all;
  if (!header.starts_with(unit) || header.find(',') != std::string_view::npos)
    return all;
  header.remove_prefix(unit.size());
  const auto dash = header.find('-');
  if (dash == std::string_view::npos)
    return all;
  const auto first_text = header.substr(0, dash);
  const auto last_text = header.substr(dash + 1);
  const auto first = number_of(first_text);
  const auto last = number_of(last_text);
  if ((!first && !first_text.empty()) || (!last && !last_text.empty()) || (!first && !last))
    return all;
  if (!first) {
    if (*last == 0 || size == 0)
      return {wanted_range::kind::impossible, {}};
    return {wanted_range::kind::part, {size - std::min(*last, size), size - 1}};
  }
  if (last && *last < *first)
    return all;
  if (*first >= size)
    return {wanted_range::kind::impossible, {}};
  return {wanted_range::kind::part, {*first, std::min(last.value_or(size - 1), size - 1)}};
}

bool etag_matches(std::string_view header, std::string_view etag) {
  return !header.empty() && (header == "*" || header.find(etag) != std::string_view::npos);
}

}  // namespace troupe
