#include "gateways/events/event_access.hpp"

#include "gateways/rest/door_access.hpp"

namespace troupe {

outcome<void> may_read_events(const caller& by) { return demand_scope(by, "web:read-pulse"); }

api_response event_failure(const lane& on, const api_error& error) {
  return door_failure(on, "connect", error);
}

}  // namespace troupe
