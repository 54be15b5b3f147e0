// Certificates of temporary credentials.

#include "messages/json_parser.hpp"
#include "runtime/auth/certificate.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <boost/json.hpp>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  boost::system::error_code failed;
  const auto value = parse_json(text_of(data, size), failed);
  if (failed)
    return 0;
  const timestamp now{1'700'000'000'000};
  certificate made;
  if (!read_certificate(value, now, made).empty())
    return 0;
  TROUPE_HOLDS(made.expires >= now - std::chrono::minutes{60});
  static const auto clients = *make_snapshot(
      {{"issuer", "token-of-the-issuer-00000000000", {"a:*"}, timestamp{4'000'000'000'000}}},
      std::vector<role>{});
  if (const auto* issuer = clients->find("issuer"))
    check_issuer(made, *issuer, "name/of/it");
  return 0;
}
