#include "gateways/rest/door_access.hpp"

#include "runtime/envelope/envelope.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/scopes/expression.hpp"

namespace troupe {

outcome<void> demand_scope(const caller& by, std::string scope) {
  const auto required = scope_expression::one(std::move(scope));
  if (satisfies(*by.scopes, required))
    return boost::system::in_place_value;
  return insufficient_scopes(*by.scopes, required, by.client_id, by.authenticated);
}

api_response door_failure(const lane& on, std::string_view door, const api_error& error) {
  request_info info;
  info.method = door;
  info.time = on.now();
  api_response response;
  response.status = static_cast<std::uint16_t>(http_status(error.code));
  response.body = render_error(error, info);
  if (error.code == error_code::service_unavailable)
    response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace troupe
