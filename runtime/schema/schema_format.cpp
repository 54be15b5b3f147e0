#include "messages/timestamp.hpp"
#include "runtime/schema/schema_node.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace troupe {

namespace {

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > 253)
    return false;
  while (!text.empty()) {
    const auto dot = text.find('.');
    const auto label = text.substr(0, dot);
    if (label.empty() || label.size() > 63 || !is_alnum(label.front()) || !is_alnum(label.back()))
      return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; }))
      return false;
    if (dot == std::string_view::npos)
      return true;
    text.remove_prefix(dot + 1);
  }
  return false;
}

bool is_uri(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_alnum(text.front()) ||
      (text.front() >= '0' && text.front() <= '9'))
    return false;
  const auto scheme = text.substr(0, colon);
  const bool good_scheme = std::all_of(scheme.begin(), scheme.end(), [](char c) {
    return is_alnum(c) || c == '+' || c == '-' || c == '.';
  });
  return good_scheme && std::all_of(text.begin(), text.end(), [](char c) {
           const auto u = static_cast<unsigned char>(c);
           return u > 0x20 && u < 0x7f &&
                  std::string_view{"\"<>\\^`{|}"}.find(c) == std::string_view::npos;
         });
}

bool is_email(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || text.front() == '.' || text[at - 1] == '.')
    return false;
  const auto local = text.substr(0, at);
  const bool good_local = std::all_of(local.begin(), local.end(), [](char c) {
    return is_alnum(c) ||
           std::string_view{"!#$%&'*+/=?^_`{|}~.-"}.find(c) != std::string_view::npos;
  });
  return good_local && local.find("..") == std::string_view::npos &&
         is_hostname(text.substr(at + 1));
}

bool is_address(int family, std::string_view text) {
  unsigned char out[16];
  return inet_pton(family, std::string{text}.c_str(), out) == 1;
}

}  // namespace

bool has_format(text_format format, std::string_view text) {
  switch (format) {
    case text_format::date_time:
      return parse_date_time(text).has_value();
    case text_format::uri:
      return is_uri(text);
    case text_format::email:
      return is_email(text);
    case text_format::hostname:
      return is_hostname(text);
    case text_format::ipv4:
      return is_address(AF_INET, text);
    case text_format::ipv6:
      return is_address(AF_INET6, text);
    case text_format::regex:
      return text_pattern{text}.valid();
    case text_format::none:
      break;
  }
  return true;
}

}  // namespace troupe
