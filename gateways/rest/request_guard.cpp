#include "gateways/rest/request_guard.hpp"

#include "runtime/config/settings.hpp"

namespace troupe {

namespace {

constexpr std::uint32_t cost_of_bad_credentials = 10;
constexpr std::string_view own_clients = "static/taskcluster/";

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

api_error too_many(std::string who, std::uint32_t limit, std::chrono::milliseconds wait) {
  const auto seconds = (wait.count() + 999) / 1000;
  auto error = make_api_error(error_code::too_many_requests,
                              who + " may make " + std::to_string(limit) +
                                  " requests a second; repeat this one after " +
                                  std::to_string(seconds) + " s.");
  error.details["retryAfter"] = seconds;
  return error;
}

}  // namespace

request_guard::request_guard(const settings& config)
    : clients_(config.client_rate_limit, std::chrono::seconds{config.rate_limit_burst_s}),
      addresses_(config.address_rate_limit, std::chrono::seconds{config.rate_limit_burst_s}),
      remembers_(config.nonce_memory) {}

outcome<void> request_guard::admit_address(std::string_view address, timestamp now) {
  if (!addresses_.limits() || is_loopback(address))
    return boost::system::in_place_value;
  if (const auto wait = addresses_.take(address, now); wait.count() > 0)
    return too_many("The address " + std::string{address}, addresses_.per_second(), wait);
  return boost::system::in_place_value;
}

void request_guard::note_bad_credentials(std::string_view address, timestamp now) {
  if (!is_loopback(address))
    addresses_.charge(address, now, cost_of_bad_credentials);
}

outcome<void> request_guard::admit_client(std::string_view client_id, std::string_view issuer,
                                          timestamp now) {
  if (!clients_.limits())
    return boost::system::in_place_value;
  const auto who = issuer.starts_with(own_clients) ? client_id : issuer;
  if (const auto wait = clients_.take(who, now); wait.count() > 0)
    return too_many("The client " + std::string{who}, clients_.per_second(), wait);
  return boost::system::in_place_value;
}

outcome<void> request_guard::admit_signature(std::string_view verb, std::string_view mac,
                                             timestamp now) {
  if (!remembers_ || mac.empty() || verb == "GET" || verb == "HEAD" || signatures_.is_new(mac, now))
    return boost::system::in_place_value;
  return make_api_error(error_code::authentication_failed,
                        "Unauthorized: Invalid nonce; each request has to be signed anew");
}

}  // namespace troupe
