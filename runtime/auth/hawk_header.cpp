#include "runtime/auth/hawk_header.hpp"

#include "runtime/crypto/sha256.hpp"

#include <array>
#include <string>
#include <utility>

namespace troupe {

namespace {

// Characters of an attribute value: what ASCII can print, but for the quote and the backslash.
constexpr auto value_characters = [] {
  std::array<bool, 256> allowed{};
  for (std::size_t c = 0x20; c <= 0x7e; ++c)
    allowed[c] = c != '"' && c != '\\';
  return allowed;
}();

std::string too_long(std::string text, std::size_t size) {
  return std::move(text) + " (" + std::to_string(size) + " characters, at most " +
         std::to_string(longest_header) + ")";
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_hawk(std::string_view scheme) {
  return scheme.size() == 4 && (scheme[0] | 32) == 'h' && (scheme[1] | 32) == 'a' &&
         (scheme[2] | 32) == 'w' && (scheme[3] | 32) == 'k';
}

std::string_view* attribute(hawk_header& of, std::string_view name) {
  if (name == "id")
    return &of.id;
  if (name == "ts")
    return &of.ts;
  if (name == "nonce")
    return &of.nonce;
  if (name == "hash")
    return &of.hash;
  if (name == "ext")
    return &of.ext;
  if (name == "mac")
    return &of.mac;
  if (name == "app")
    return &of.app;
  if (name == "dlg")
    return &of.dlg;
  return nullptr;
}

constexpr std::string_view bad_format = "Bad Request: Bad header format";

// Reads `name="value"` at `at` and moves behind it. The text is the message of the failure, or
// empty.
std::string parse_attribute(std::string_view rest, std::size_t& at, hawk_header& out) {
  const auto name_at = at;
  while (at < rest.size() && is_word(rest[at]))
    ++at;
  const auto name = rest.substr(name_at, at - name_at);
  if (name.empty() || rest.substr(at, 2) != "=\"")
    return std::string{bad_format};
  at += 2;
  const auto value_at = at;
  while (at < rest.size() && value_characters[static_cast<unsigned char>(rest[at])])
    ++at;
  const auto good_end = at;
  // Something else may stand in a value; what matters more is whether it ends as it should.
  while (at < rest.size() && rest[at] != '"' && rest[at] != '\\')
    ++at;
  if (at >= rest.size() || rest[at] != '"')
    return std::string{bad_format};
  auto* place = attribute(out, name);
  if (place == nullptr)
    return "Bad Request: Unknown attribute: " + std::string{name};
  if (at != good_end || at == value_at)
    return "Bad Request: Bad attribute value: " + std::string{name};
  if (place->data() != nullptr)
    return "Bad Request: Duplicate attribute: " + std::string{name};
  *place = rest.substr(value_at, at - value_at);
  ++at;
  return {};
}

std::string parse_attributes(std::string_view rest, hawk_header& out) {
  const auto skip_blanks = [rest](std::size_t at) {
    while (at < rest.size() && is_blank(rest[at]))
      ++at;
    return at;
  };
  std::size_t at = 0;
  while (at < rest.size()) {
    if (auto problem = parse_attribute(rest, at, out); !problem.empty())
      return problem;
    at = skip_blanks(at);
    if (at < rest.size() && rest[at] != ',')
      return std::string{bad_format};
    at = skip_blanks(at + 1);
  }
  return {};
}

}  // namespace

std::string parse_hawk_header(std::string_view text, hawk_header& out) {
  if (text.size() > longest_header)
    return too_long("Bad Request: Header length too long", text.size());
  std::size_t at = 0;
  while (at < text.size() && is_word(text[at]))
    ++at;
  const auto scheme = text.substr(0, at);
  const auto blank_at = at;
  while (at < text.size() && is_blank(text[at]))
    ++at;
  if (scheme.empty() || at == blank_at || at == text.size())
    return "Bad Request: Invalid header syntax";
  if (!is_hawk(scheme))
    return "Unauthorized: Unauthorized";
  if (auto problem = parse_attributes(text.substr(at), out); !problem.empty())
    return problem;
  if (out.id.empty() || out.ts.empty() || out.nonce.empty() || out.mac.empty())
    return "Bad Request: Missing attributes";
  return {};
}

namespace {

// Finds the last bewit of a query and cuts it out.
bool cut_bewit(std::string_view resource, std::string_view& value, std::string& rest) {
  std::size_t at = std::string_view::npos;
  for (std::size_t i = 1; i + 6 <= resource.size(); ++i)
    if ((resource[i - 1] == '?' || resource[i - 1] == '&') && resource.substr(i, 6) == "bewit=")
      at = i;
  if (at == std::string_view::npos)
    return false;
  auto end = resource.find('&', at);
  if (end == std::string_view::npos)
    end = resource.size();
  value = resource.substr(at + 6, end - at - 6);
  rest = resource.substr(0, at - 1);
  if (end < resource.size()) {
    rest += resource[at - 1];
    rest += resource.substr(end + 1);
  }
  return true;
}

bool is_bewit_text(std::string_view text) {
  for (char c : text)
    if (!is_word(c) && c != '-')
      return false;
  return true;
}

}  // namespace

std::string parse_bewit(std::string_view verb, std::string_view resource, bewit_parts& out) {
  if (resource.size() > longest_header)
    return too_long("Bad Request: Resource path exceeds max length", resource.size());
  std::string_view value;
  if (!cut_bewit(resource, value, out.resource) || value.empty())
    return "Unauthorized: Empty bewit";
  auto is = [&verb](std::string_view name) {
    if (verb.size() != name.size())
      return false;
    for (std::size_t i = 0; i < name.size(); ++i)
      if ((verb[i] | 32) != name[i])
        return false;
    return true;
  };
  if (!is("get") && !is("head"))
    return "Unauthorized: Invalid method";
  std::string text;
  if (!is_bewit_text(value) || !decode_base64(value, text))
    return "Bad Request: Invalid bewit encoding";
  std::array<std::string*, 4> parts = {&out.id, &out.exp, &out.mac, &out.ext};
  std::size_t count = 0;
  std::size_t from = 0;
  for (;;) {
    const auto to = text.find('\\', from);
    if (count == parts.size())
      return "Bad Request: Invalid bewit structure";
    *parts[count++] = text.substr(from, to == std::string::npos ? to : to - from);
    if (to == std::string::npos)
      break;
    from = to + 1;
  }
  if (count != parts.size())
    return "Bad Request: Invalid bewit structure";
  if (out.id.empty() || out.exp.empty() || out.mac.empty())
    return "Bad Request: Missing bewit attributes";
  return {};
}

}  // namespace troupe
