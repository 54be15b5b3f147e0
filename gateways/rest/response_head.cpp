#include "gateways/rest/response_head.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace troupe {

namespace {

// What every response has, put together once.
constexpr std::string_view common_headers =
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Max-Age: 900\r\n"
    "Access-Control-Allow-Methods: OPTIONS,GET,HEAD,POST,PUT,DELETE,TRACE,CONNECT\r\n"
    "Access-Control-Request-Method: *\r\n"
    "Access-Control-Allow-Headers: X-Requested-With,Content-Type,Authorization,Accept,Origin,"
    "Cache-Control,X-Taskcluster-Trace-Id\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Vary: Accept-Encoding\r\n";

constexpr std::string_view content_security =
    "Content-Security-Policy: report-uri /__cspreport__;default-src 'none';"
    "frame-ancestors 'none';\r\n";

constexpr std::string_view no_store = "Cache-Control: no-store no-cache must-revalidate\r\n";
constexpr std::string_view strict =
    "Strict-Transport-Security: max-age=7776000000; includeSubDomains\r\n";

void append_number(std::string& out, std::uint64_t number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }

// Some values were given by users, such as the content type of an artifact: none of them may end
// its line and begin another header.
void append_header(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty())
    return;
  out += name;
  out += ": ";
  if (std::none_of(value.begin(), value.end(), is_control))
    out += value;
  else
    std::transform(value.begin(), value.end(), std::back_inserter(out),
                   [](char c) { return is_control(c) ? ' ' : c; });
  out += "\r\n";
}

bool has_header(const response_head& head, std::string_view name) {
  return std::any_of(head.more.begin(), head.more.end(),
                     [name](const auto& header) { return header.first == name; });
}

}  // namespace

uuid_text format_uuid(std::uint64_t high, std::uint64_t low) {
  static constexpr char hex[] = "0123456789abcdef";
  high = (high & 0xffffffffffff0fffull) | 0x4000ull;
  low = (low & 0x3fffffffffffffffull) | 0x8000000000000000ull;
  uuid_text text;
  std::size_t at = 0;
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20)
      text[at++] = '-';
    const auto half = i < 16 ? high : low;
    text[at++] = hex[half >> (60 - 4 * (i & 15)) & 15];
  }
  return text;
}

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 424:
      return "Failed Dependency";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

void append_response_head(std::string& out, const response_head& head) {
  out += "HTTP/1.1 ";
  append_number(out, head.status);
  out += ' ';
  out += reason_phrase(head.status);
  out += "\r\n";
  out += common_headers;
  // A page that brings its own policy keeps it.
  if (!has_header(head, "Content-Security-Policy"))
    out += content_security;
  if (head.below_api && !has_header(head, "Cache-Control"))
    out += no_store;
  if (head.strict_transport)
    out += strict;
  append_header(out, "Date", head.date);
  append_header(out, "x-for-trace-id", head.trace_id);
  append_header(out, "x-for-request-id", head.request_id);
  append_header(out, "Content-Type", head.content_type);
  append_header(out, "Content-Encoding", head.content_encoding);
  append_header(out, "Allow", head.allow);
  for (const auto& [name, value] : head.more)
    append_header(out, name, value);
  if (head.content_length) {
    out += "Content-Length: ";
    append_number(out, *head.content_length);
    out += "\r\n";
  }
  if (head.chunked)
    out += "Transfer-Encoding: chunked\r\n";
  if (!head.keep_alive)
    out += "Connection: close\r\n";
  else if (head.version == 10)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
}

std::string_view usable_trace_id(std::string_view sent) {
  const auto end =
      std::find_if(sent.begin(), sent.end(), [](char c) { return c < ' ' || c > '~'; });
  return sent.substr(0, std::min<std::size_t>(256, static_cast<std::size_t>(end - sent.begin())));
}

}  // namespace troupe
