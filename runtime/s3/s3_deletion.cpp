#include "runtime/s3/s3_deletion.hpp"

#include "runtime/crypto/md5.hpp"

#include <charconv>

namespace troupe {

namespace {

constexpr std::size_t longest_told = 300;  // of an answer that is no XML

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

// The character of `&#65;` or `&#x41;` without what is around it. Keys are ASCII.
char numbered(std::string_view digits) {
  const bool hex = digits.starts_with('x');
  if (hex)
    digits.remove_prefix(1);
  unsigned code = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
  return code > 0 && code < 128 ? static_cast<char>(code) : '?';
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

// What stands between `<name>` and `</name>`, from `at` on, which moves behind it; nothing when
// there is none. Elements of these answers have neither attributes nor their own kind within.
std::optional<std::string_view> next_element(std::string_view xml, std::string_view name,
                                             std::size_t& at) {
  const auto open = "<" + std::string{name} + ">";
  const auto close = "</" + std::string{name} + ">";
  const auto from = xml.find(open, at);
  const auto to = from == std::string_view::npos ? from : xml.find(close, from);
  if (to == std::string_view::npos)
    return std::nullopt;
  at = to + close.size();
  return xml.substr(from + open.size(), to - from - open.size());
}

std::string element(std::string_view xml, std::string_view name) {
  std::size_t at = 0;
  return from_xml(next_element(xml, name, at).value_or(""));
}

// `AccessDenied: Access Denied`
std::string reason_of(std::string_view error) {
  const auto message = element(error, "Message");
  return element(error, "Code") + (message.empty() ? "" : ": " + message);
}

std::string trouble_of(const s3_answer& answer) {
  auto reason = reason_of(answer.body);
  if (reason.empty())
    reason = answer.body.substr(0, longest_told);
  return "the store answered " + std::to_string(answer.status) +
         (reason.empty() ? "" : " " + reason);
}

}  // namespace

s3_request delete_request(const s3_object& object) { return {"DELETE", object}; }

s3_request bulk_delete_request(const std::string& bucket, const std::vector<std::string>& keys) {
  s3_request request{"POST", {bucket, {}}, {{"delete", ""}}, {{"Content-Type", "application/xml"}}};
  auto& body = request.body;
  body =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
      "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>";
  for (const auto& key : keys) {
    body += "<Object><Key>";
    append_xml(body, key);
    body += "</Key></Object>";
  }
  body += "</Delete>";
  // Stores ask for it here whatever else protects the body.
  request.headers.emplace_back("Content-MD5", md5_base64(body));
  return request;
}

bool fits_bulk_delete(std::string_view key) {
  for (char c : key)
    if (c < ' ' || c > '~')
      return false;
  // XML does not keep blanks at the ends everywhere.
  return !key.empty() && key.front() != ' ' && key.back() != ' ';
}

s3_deletion read_deletion(const s3_answer& answer, bool bulk) {
  s3_deletion result;
  const auto code = element(answer.body, "Code");
  if (answer.status == 404 && code == "NoSuchBucket") {
    result.bucket_is_gone = true;
    return result;
  }
  if (!bulk && answer.status == 404 && (code == "NoSuchKey" || code.empty()))
    return result;
  // A store that fails late says so in the body of a 200.
  const bool done = answer.status >= 200 && answer.status < 300 &&
                    (!bulk || answer.body.find("DeleteResult") != std::string::npos);
  if (!done) {
    result.trouble = trouble_of(answer);
    return result;
  }
  if (!bulk)
    return result;
  std::size_t at = 0;
  while (const auto error = next_element(answer.body, "Error", at))
    if (element(*error, "Code") != "NoSuchKey")
      result.kept.emplace(element(*error, "Key"), reason_of(*error));
  return result;
}

}  // namespace troupe
