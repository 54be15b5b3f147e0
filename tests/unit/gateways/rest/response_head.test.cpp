#include "gateways/rest/response_head.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace troupe;

namespace {

std::map<std::string, std::string> headers_of(const response_head& head) {
  std::string text;
  append_response_head(text, head);
  REQUIRE(text.ends_with("\r\n\r\n"));
  std::map<std::string, std::string> headers;
  std::size_t from = text.find("\r\n") + 2;
  headers[""] = text.substr(0, from - 2);
  while (from + 2 < text.size()) {
    const auto end = text.find("\r\n", from);
    const auto colon = text.find(": ", from);
    REQUIRE(colon < end);
    const auto name = text.substr(from, colon - from);
    CHECK_FALSE(headers.contains(name));
    headers[name] = text.substr(colon + 2, end - colon - 2);
    from = end + 2;
  }
  return headers;
}

}  // namespace

TEST_CASE("API-14 HT-9 every response below /api has the CORS, cache, security and trace headers") {
  response_head head;
  head.status = 404;
  head.content_type = "application/json; charset=utf-8";
  head.content_length = 21;
  head.trace_id = "trace";
  head.request_id = "request";
  auto headers = headers_of(head);
  CHECK(headers[""] == "HTTP/1.1 404 Not Found");
  CHECK(headers["Access-Control-Allow-Origin"] == "*");
  CHECK(headers["Access-Control-Max-Age"] == "900");
  CHECK(headers["Access-Control-Allow-Methods"] ==
        "OPTIONS,GET,HEAD,POST,PUT,DELETE,TRACE,CONNECT");
  CHECK(headers["Access-Control-Request-Method"] == "*");
  CHECK(headers["Access-Control-Allow-Headers"] ==
        "X-Requested-With,Content-Type,Authorization,Accept,Origin,Cache-Control,"
        "X-Taskcluster-Trace-Id");
  CHECK(headers["Cache-Control"] == "no-store no-cache must-revalidate");
  CHECK(headers["X-Content-Type-Options"] == "nosniff");
  CHECK(headers["Content-Security-Policy"] ==
        "report-uri /__cspreport__;default-src 'none';frame-ancestors 'none';");
  CHECK(headers["x-for-trace-id"] == "trace");
  CHECK(headers["x-for-request-id"] == "request");
  CHECK(headers["Content-Length"] == "21");
  CHECK_FALSE(headers.contains("Strict-Transport-Security"));
  CHECK_FALSE(headers.contains("Connection"));
  head.strict_transport = true;
  CHECK(headers_of(head)["Strict-Transport-Security"] == "max-age=7776000000; includeSubDomains");
}

TEST_CASE("outside of /api there is no Cache-Control, and a page may bring its own") {
  response_head head;
  head.below_api = false;
  CHECK_FALSE(headers_of(head).contains("Cache-Control"));
  const std::pair<std::string, std::string> own[] = {{"Cache-Control", "max-age=60"},
                                                     {"Content-Security-Policy", "default-src *"}};
  head.more = own;
  CHECK(headers_of(head)["Cache-Control"] == "max-age=60");
  CHECK(headers_of(head)["Content-Security-Policy"] == "default-src *");
  head.below_api = true;
  CHECK(headers_of(head)["Cache-Control"] == "max-age=60");
}

TEST_CASE("no value can end its line, whoever gave it") {
  response_head head;
  head.content_type = "text/plain\r\nX-Smuggled: yes\r\n\r\nbody";
  const std::pair<std::string, std::string> own[] = {{"Location", std::string{"a\nb\0c", 5}}};
  head.more = own;
  auto headers = headers_of(head);
  CHECK(headers["Content-Type"] == "text/plain  X-Smuggled: yes    body");
  CHECK(headers["Location"] == "a b c");
  CHECK_FALSE(headers.contains("X-Smuggled"));
}

TEST_CASE("the connection header says what differs from the version's habit") {
  response_head head;
  head.keep_alive = false;
  CHECK(headers_of(head)["Connection"] == "close");
  head.version = 10;
  head.keep_alive = true;
  CHECK(headers_of(head)["Connection"] == "keep-alive");
}

TEST_CASE("API-14 a UUID has version 4 and the right variant") {
  const auto text = format_uuid(~0ull, ~0ull);
  CHECK(std::string(text.begin(), text.end()) == "ffffffff-ffff-4fff-bfff-ffffffffffff");
  const auto zero = format_uuid(0, 0);
  CHECK(std::string(zero.begin(), zero.end()) == "00000000-0000-4000-8000-000000000000");
  const auto some = format_uuid(0x0123456789abcdefull, 0xfedcba9876543210ull);
  CHECK(std::string(some.begin(), some.end()) == "01234567-89ab-4def-bedc-ba9876543210");
}

TEST_CASE("API-14 trace ids are echoed, but cut and never with control characters") {
  CHECK(usable_trace_id("abc def") == "abc def");
  CHECK(usable_trace_id(std::string(300, 'x')).size() == 256);
  CHECK(usable_trace_id("ab\tcd") == "ab");
  CHECK(usable_trace_id("").empty());
}
