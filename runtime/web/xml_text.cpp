#include "runtime/web/xml_text.hpp"

#include <charconv>

namespace troupe {

namespace {

// The character of `&#65;` or `&#x41;` without what is around it. Keys are ASCII.
char numbered(std::string_view digits) {
  const bool hex = digits.starts_with('x');
  if (hex)
    digits.remove_prefix(1);
  unsigned code = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
  return code > 0 && code < 128 ? static_cast<char>(code) : '?';
}

}  // namespace

std::optional<std::string_view> next_element(std::string_view xml, std::string_view name,
                                             std::size_t& from) {
  const auto open = "<" + std::string{name} + ">";
  const auto close = "</" + std::string{name} + ">";
  const auto begin = xml.find(open, from);
  const auto end = begin == std::string_view::npos ? begin : xml.find(close, begin);
  if (end == std::string_view::npos)
    return std::nullopt;
  from = end + close.size();
  return xml.substr(begin + open.size(), end - begin - open.size());
}

std::optional<std::string> xml_text(std::string_view xml, std::string_view name) {
  std::size_t from = 0;
  const auto found = next_element(xml, name, from);
  return found ? std::optional{from_xml(*found)} : std::nullopt;
}

std::string from_xml(std::string_view text) {
  static constexpr std::pair<std::string_view, char> names[] = {
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  std::string out;
  while (!text.empty()) {
    const auto end = text.front() == '&' ? text.find(';') : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto name = text.substr(1, end - 1);
    if (name.starts_with('#'))
      out += numbered(name.substr(1));
    for (const auto& [known, c] : names)
      if (name == known)
        out += c;
    text.remove_prefix(end + 1);
  }
  return out;
}

void append_xml(std::string& out, std::string_view text) {
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
}

}  // namespace troupe
