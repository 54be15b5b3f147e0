#include "gateways/rest/signed_host.hpp"

#include "messages/ascii_case.hpp"

#include <algorithm>
#include <cstdint>

namespace troupe {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

bool append_code_point(std::string& out, std::uint32_t code) {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
    return false;
  const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6);
    byte(0x80 | (code & 63));
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    byte(0x80 | (code >> 6 & 63));
    byte(0x80 | (code & 63));
  } else {
    byte(0xf0 | code >> 18);
    byte(0x80 | (code >> 12 & 63));
    byte(0x80 | (code >> 6 & 63));
    byte(0x80 | (code & 63));
  }
  return true;
}

bool from_utf16(std::string_view bytes, bool little, std::string& out) {
  if (bytes.size() % 2 != 0)
    return false;
  const auto unit = [&](std::size_t at) {
    const auto a = static_cast<unsigned char>(bytes[at]);
    const auto b = static_cast<unsigned char>(bytes[at + 1]);
    return static_cast<std::uint32_t>(little ? b << 8 | a : a << 8 | b);
  };
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    auto code = unit(i);
    if (code >= 0xd800 && code <= 0xdbff && i + 4 <= bytes.size()) {
      const auto low = unit(i + 2);
      if (low < 0xdc00 || low > 0xdfff)
        return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      i += 2;
    }
    if (!append_code_point(out, code))
      return false;
  }
  return true;
}

}  // namespace

signed_host signed_hosts(std::string_view host_header, std::string_view forwarded_port,
                         std::string_view forwarded_proto, bool tls) {
  signed_host host;
  host_header = trimmed(host_header);
  // The colons of an IPv6 address stand in brackets.
  const auto bracket = host_header.rfind(']');
  const auto colon = host_header.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  host.name = lower_case(has_port ? host_header.substr(0, colon) : host_header);
  const std::string written{has_port ? host_header.substr(colon + 1) : std::string_view{}};
  host.port = !written.empty() ? written : tls ? "443" : "80";
  if (!forwarded_port.empty()) {
    host.port = forwarded_port;
  } else if (forwarded_proto == "https") {
    host.port = "443";
    if (!written.empty() && written != host.port)
      host.other_port = written;
  }
  return host;
}

bool is_json_type(std::string_view content_type) {
  if (content_type == "application/json")
    return true;
  return lower_case(trimmed(content_type.substr(0, content_type.find(';')))) == "application/json";
}

outcome<void> demand_json_type(std::string_view content_type) {
  if (is_json_type(content_type))
    return boost::system::in_place_value;
  return make_api_error(
      error_code::malformed_payload,
      "Payload must be JSON with content-type: application/json got content-type: " +
          std::string{content_type.empty() ? std::string_view{"null"} : content_type});
}

std::string foreign_charset(std::string_view content_type) {
  std::size_t from = content_type.find(';');
  while (from < content_type.size()) {
    const auto end = std::min(content_type.find(';', from + 1), content_type.size());
    const auto item = trimmed(content_type.substr(from + 1, end - from - 1));
    from = end;
    const auto equals = item.find('=');
    if (equals == std::string_view::npos ||
        lower_case(trimmed(item.substr(0, equals))) != "charset")
      continue;
    auto value = trimmed(item.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    auto name = lower_case(value);
    return name == "utf-8" || name == "utf8" ? std::string{} : name;
  }
  return {};
}

bool to_utf8(std::string_view charset, std::string_view bytes, std::string& out) {
  out.clear();
  if (charset.empty() || charset == "us-ascii" || charset == "ascii") {
    out = bytes;
    return true;
  }
  if (charset == "latin1" || charset == "iso-8859-1") {
    for (char c : bytes)
      append_code_point(out, static_cast<unsigned char>(c));
    return true;
  }
  if (charset == "utf-16" || charset == "utf-16le" || charset == "utf-16be") {
    bool little = charset != "utf-16be";
    if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) {
      little = bytes[0] == '\xff';
      bytes.remove_prefix(2);
    }
    return from_utf16(bytes, little, out);
  }
  return false;
}

}  // namespace troupe
