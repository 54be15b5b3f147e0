#include "gateways/websocket/shell_doors.hpp"

#include "gateways/rest/door_access.hpp"
#include "gateways/rest/rest_gateway.hpp"
#include "gateways/websocket/shell_desk.hpp"
#include "gateways/websocket/shell_end.hpp"

#include <charconv>

namespace troupe {

namespace {

// A client waits for the handshake before it speaks.
outcome<void> check_patience(const upgraded_connection& connection) {
  if (connection.leftover.empty())
    return boost::system::in_place_value;
  return make_api_error(error_code::input_error, "wait for the handshake before sending");
}

outcome<shell_request> read_offer(const upgraded_connection& connection) {
  const auto& door = connection.door;
  const auto& number = door.params[1];
  const auto task = task_id::parse(door.params[0]);
  shell_request offer{std::string{door.header("x-troupe-shell")}, {}, 0};
  const auto [end, failed] =
      std::from_chars(number.data(), number.data() + number.size(), offer.run);
  if (!task || failed != std::errc{} || end != number.data() + number.size())
    return make_api_error(
        error_code::invalid_request_arguments,
        "shells are offered at /shell/<taskId>/<runId>, with a slugid and a number");
  offer.task = *task;
  TROUPE_CHECK(demand_scope(
      *door.by, "queue:create-artifact:" + offer.task.str() + "/" + std::to_string(offer.run)));
  TROUPE_CHECK(check_patience(connection));
  if (!is_slugid(offer.secret))
    return make_api_error(error_code::input_error,
                          "X-Troupe-Shell must be the secret of the shells, a slugid");
  return offer;
}

}  // namespace

void add_shell_routes(rest_gateway& rest, shell_desk& desk) {
  rest.add_upgrade("/api/troupe/v1/shell/<taskId>/<runId>", door_access::caller,
                   [&desk](upgraded_connection&& connection) {
                     auto offer = read_offer(connection);
                     const auto end = std::make_shared<shell_end>(
                         std::move(connection), desk, shell_end::side::worker,
                         offer ? std::move(*offer) : shell_request{});
                     if (offer)
                       end->accept();
                     else
                       end->refuse(offer.error());
                   });
  rest.add_upgrade("/shell/<secret>", door_access::open, [&desk](upgraded_connection&& connection) {
    const auto patient = check_patience(connection);
    shell_request about{connection.door.params[0], {}, 0};
    const auto end = std::make_shared<shell_end>(std::move(connection), desk,
                                                 shell_end::side::reader, std::move(about));
    if (patient)
      desk.ask(end);
    else
      end->refuse(patient.error());
  });
}

}  // namespace troupe
