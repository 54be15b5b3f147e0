// Hawk headers and bewits. Nobody who does not know a token gets in, whatever he says.

#include "runtime/auth/authenticate.hpp"
#include "runtime/auth/hawk_header.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <string>

namespace {

using namespace troupe;

const auth_snapshot& clients() {
  static const auto made = *make_snapshot(
      {{"root", "a-token-that-no-input-knows-0000", {"*"}, timestamp{4'000'000'000'000}},
       {"old", "another-token-that-is-not-known-0", {"a:*"}, timestamp{1}}},
      std::vector<role>{});
  return *made;
}

void check(std::string_view resource, std::string_view authorization) {
  request_to_check request;
  request.verb = "GET";
  request.resource = resource;
  request.host = "localhost";
  request.port = "8080";
  request.authorization = authorization;
  request.now = timestamp{1'700'000'000'000};
  certificate_cache cache;
  const auto result = authenticate(clients(), request, &cache);
  TROUPE_HOLDS(result.what != auth_result::status::success);
  TROUPE_HOLDS(result.what != auth_result::status::failed || !result.message.empty());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  hawk_header header;
  if (parse_hawk_header(text, header).empty()) {
    TROUPE_HOLDS(!header.id.empty() && !header.mac.empty());
    TROUPE_HOLDS(header.id.data() >= text.data() &&
                 header.id.data() + header.id.size() <= text.data() + text.size());
  }
  bewit_parts parts;
  parse_bewit("GET", text, parts);
  check("/api/queue/v1/ping", text);
  check(text, {});
  check("/x?bewit=" + std::string{text}, {});
  return 0;
}
