#include "gateways/rest/door_access.hpp"

#include "gateways/rest/signed_host.hpp"
#include "runtime/auth/credentials.hpp"
#include "runtime/envelope/envelope.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/scopes/demand.hpp"

namespace troupe {

outcome<void> demand_scope(const caller& by, std::string scope) {
  return demand_scopes(by, scope_expression::one(std::move(scope)));
}

outcome<void> check_payload_hash(std::string_view body, std::string_view content_type,
                                 const std::string& hash) {
  const auto computed = payload_hash(body, content_type);
  if (computed == hash)
    return boost::system::in_place_value;
  // Bodies that are not read as JSON count as empty elsewhere; both are taken.
  if (payload_hash({}, content_type) == hash && !is_json_type(content_type))
    return boost::system::in_place_value;
  // The braces are part of the protocol's text.
  return make_api_error(
      error_code::authentication_failed,
      "Invalid payload hash: {{hash}}\nComputed payload hash: " + computed +
          "\nThis happens when your request carries a signed hash of the payload and the hash "
          "doesn't match the hash we've computed on the server-side.");
}

api_response door_failure(const lane& on, std::string_view door, const api_error& error) {
  request_info info;
  info.method = door;
  info.time = on.now();
  api_response response;
  response.status = static_cast<std::uint16_t>(http_status(error.code));
  response.body = render_error(error, info);
  if (auto wait = retry_after(error); !wait.empty())
    response.headers.emplace_back("Retry-After", std::move(wait));
  return response;
}

}  // namespace troupe
