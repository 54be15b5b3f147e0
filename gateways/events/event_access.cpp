#include "gateways/events/event_access.hpp"

#include "runtime/envelope/envelope.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/scopes/expression.hpp"

namespace troupe {

outcome<void> may_read_events(const caller& by) {
  const auto required = scope_expression::one("web:read-pulse");
  if (satisfies(*by.scopes, required))
    return boost::system::in_place_value;
  return insufficient_scopes(*by.scopes, required, by.client_id, by.authenticated);
}

api_response event_failure(const lane& on, const api_error& error) {
  request_info info;
  info.method = "connect";
  info.time = on.now();
  api_response response;
  response.status = static_cast<std::uint16_t>(http_status(error.code));
  response.body = render_error(error, info);
  return response;
}

}  // namespace troupe
