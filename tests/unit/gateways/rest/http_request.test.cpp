#include "gateways/rest/http_request.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <catch2/catch_test_macros.hpp>

#include <optional>

using namespace troupe;
namespace http = boost::beast::http;

namespace {

/// Feeds a text in pieces, as a session does, and keeps what was not consumed.
struct reader {
  http_request request;
  http_request_parser parser;
  boost::system::error_code failed;
  std::string rest;

  explicit reader(std::uint32_t head_limit = 8192, std::uint64_t body_limit = 1 << 20)
      : parser(request, head_limit, body_limit) {}

  void feed(std::string_view bytes) {
    rest += bytes;
    while (!rest.empty() && !parser.is_done()) {
      const auto used = parser.take(rest, failed);
      rest.erase(0, used);
      if (parser.is_header_done())
        parser.eager(true);
      if (failed == http::error::need_more)
        failed = {};
      else if (!failed)
        continue;
      return;
    }
  }
};

}  // namespace

TEST_CASE("a request is the same however it is cut into pieces") {
  const std::string text =
      "PUT /api/queue/v1/task/x?a=1 HTTP/1.1\r\nHost: localhost:8080\r\n"
      "Content-Type: application/json\r\nX-Taskcluster-Trace-Id: t1\r\nContent-Length: 5\r\n\r\n"
      "hello";
  for (std::size_t size = 1; size <= text.size(); size += size < 8 ? 1 : 17) {
    reader in;
    for (std::size_t at = 0; at < text.size(); at += size)
      in.feed(std::string_view{text}.substr(at, size));
    REQUIRE(in.parser.is_done());
    CHECK(in.request.verb() == "PUT");
    CHECK(in.request.target() == "/api/queue/v1/task/x?a=1");
    CHECK(in.request.version() == 11);
    CHECK(in.request.header(http::field::host) == "localhost:8080");
    CHECK(in.request.header("x-taskcluster-trace-id") == "t1");
    CHECK(in.request.header("absent").empty());
    CHECK(in.request.has(http::field::content_type));
    CHECK_FALSE(in.request.has(http::field::expect));
    CHECK(in.request.body == "hello");
    CHECK(in.parser.keep_alive());
  }
}

TEST_CASE("a chunked body is put together") {
  reader in;
  in.feed(
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
  REQUIRE(in.parser.is_done());
  CHECK(in.request.body == "abcde");
}

TEST_CASE("an empty body in chunks may come byte by byte, with or without trailers") {
  const std::string head = "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string body : {"0\r\n\r\n", "0\r\nTrailer: t\r\n\r\n", "1\r\nx\r\n0\r\n\r\n"}) {
    reader in;
    for (const char c : head + body)
      in.feed({&c, 1});
    CHECK_FALSE(in.failed);
    CHECK(in.parser.is_done());
    CHECK(in.request.body == (body[0] == '1' ? "x" : ""));
  }
}

TEST_CASE("what follows a request is left for the next one") {
  reader in;
  in.feed("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
  REQUIRE(in.parser.is_done());
  CHECK(in.request.target() == "/a");
  CHECK(in.rest == "GET /b HTTP/1.1\r\n\r\n");
}

TEST_CASE("HTTP/1.0 closes unless it asks to be kept") {
  reader in;
  in.feed("GET /a HTTP/1.0\r\n\r\n");
  REQUIRE(in.parser.is_done());
  CHECK(in.request.version() == 10);
  CHECK_FALSE(in.parser.keep_alive());
  reader kept;
  kept.feed("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(kept.parser.keep_alive());
}

TEST_CASE("a body above the limit is refused, by its length or while it comes") {
  reader in(8192, 4);
  in.feed("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde");
  CHECK(in.failed == http::error::body_limit);
  reader chunked(8192, 4);
  chunked.feed(
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  CHECK(chunked.failed == http::error::body_limit);
  reader fits(8192, 5);
  fits.feed("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde");
  CHECK(fits.parser.is_done());
}

TEST_CASE("a redirected body has no limit and is not kept") {
  reader in(8192, 4);
  in.feed("PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\n");
  std::string taken;
  in.parser.redirect_body([&taken](std::string_view bytes) { taken += bytes; });
  in.feed("0123456789");
  CHECK(in.parser.is_done());
  CHECK(taken == "0123456789");
  CHECK(in.request.body.empty());
}

TEST_CASE("a head above the limit and nonsense are refused") {
  reader in(256);
  in.feed("GET / HTTP/1.1\r\nX: " + std::string(300, 'x'));
  CHECK(in.failed == http::error::header_limit);
  for (const auto* bad :
       {"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
    reader broken;
    broken.feed(bad);
    INFO(bad);
    CHECK(broken.failed);
  }
}

TEST_CASE("a request that is used again forgets the one before") {
  http_request request;
  {
    http_request_parser parser(request, 8192, 100);
    parser.eager(true);
    boost::system::error_code failed;
    const std::string text = "POST /first HTTP/1.1\r\nA: b\r\nContent-Length: 1\r\n\r\nx";
    parser.put(boost::asio::buffer(text), failed);
    REQUIRE(parser.is_done());
  }
  request.clear();
  http_request_parser parser(request, 8192, 100);
  boost::system::error_code failed;
  const std::string text = "GET /2 HTTP/1.1\r\n\r\n";
  parser.put(boost::asio::buffer(text), failed);
  CHECK(request.target() == "/2");
  CHECK(request.header("a").empty());
  CHECK(request.body.empty());
}

TEST_CASE("the head is limited as a whole, also when it comes in many small fields") {
  reader r{1024};
  r.feed("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 10000 && !r.failed; ++i)
    r.feed("A: b\r\n");
  CHECK(r.failed == http::error::header_limit);
  reader trailers{1024};
  trailers.feed("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
  std::string fields;
  for (int i = 0; i < 1000; ++i)
    fields += "A: b\r\n";
  trailers.feed(fields + "\r\n");
  CHECK(trailers.failed == http::error::header_limit);
}
