// Requests as bytes: in whatever pieces they come, they are the same request.

#include "gateways/rest/byte_range.hpp"
#include "gateways/rest/http_request.hpp"
#include "gateways/rest/signed_host.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <string>

namespace {

namespace http = boost::beast::http;
using namespace troupe;

struct result {
  bool done = false;
  bool failed = false;
  std::string text;
};

result parse(std::string_view bytes, std::size_t piece) {
  http_request request;
  http_request_parser parser(request, 64 * 1024, 1024 * 1024);
  std::string pending;
  result made;
  while (!bytes.empty() && !made.failed && !parser.is_done()) {
    pending += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (!pending.empty() && !parser.is_done()) {
      boost::system::error_code failed;
      const auto used = parser.take(pending, failed);
      TROUPE_HOLDS(used <= pending.size());
      pending.erase(0, used);
      if (parser.is_header_done())
        parser.eager(true);
      if (failed == http::error::need_more)
        break;
      if (failed) {
        made.failed = true;
        break;
      }
      if (used == 0)
        break;
    }
  }
  made.done = parser.is_done();
  if (made.done) {
    made.text = std::string{request.verb()} + ' ' + std::string{request.target()} + '\n';
    request.each_header([&made](std::string_view name, std::string_view value) {
      made.text += std::string{name} + ": " + std::string{value} + '\n';
    });
    made.text += request.body;
  }
  return made;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = text_of(data, size);
  const auto whole = parse(bytes, std::max<std::size_t>(1, bytes.size()));
  const auto single = parse(bytes, 1);
  TROUPE_HOLDS(whole.done == single.done);
  TROUPE_HOLDS(whole.text == single.text);
  const auto line = bytes.substr(0, bytes.find('\n'));
  signed_hosts(line, {}, {}, false);
  foreign_charset(line);
  std::string out;
  to_utf8(foreign_charset(line), bytes, out);
  return 0;
}
