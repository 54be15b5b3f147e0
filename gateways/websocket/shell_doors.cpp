#include "gateways/websocket/shell_doors.hpp"

#include "gateways/rest/door_access.hpp"
#include "gateways/rest/rest_gateway.hpp"
#include "gateways/websocket/shell_desk.hpp"
#include "gateways/websocket/shell_end.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace troupe {

namespace {

// A client waits for the handshake before it speaks.
outcome<void> check_patience(const upgraded_connection& connection) {
  if (connection.leftover.empty())
    return boost::system::in_place_value;
  return make_api_error(error_code::input_error, "wait for the handshake before sending");
}

// An error in the form that the readers of displays expect.
std::string display_failure(std::string_view code, std::string_view message) {
  return boost::json::serialize(boost::json::object{{"code", code}, {"message", message}});
}

struct display_trouble {
  unsigned status;
  std::string body;
};

// What is wrong with wanting a display.
std::optional<display_trouble> check_display(shell_desk& desk, const std::string& secret,
                                             const std::optional<std::string>& display) {
  const auto there = desk.displays(secret);
  if (!there)
    return display_trouble{
        410, display_failure("ExecutionTerminated",
                             "there is no display at this address: the task has ended, or the "
                             "secret is wrong")};
  if (!display || display->empty())
    return display_trouble{
        400, display_failure("InvalidParameters", "?display= must name one of the displays")};
  if (std::find(there->begin(), there->end(), *display) == there->end())
    return display_trouble{
        404, display_failure("DisplayNotFound", "the task has no display of that name now")};
  return {};
}

// As everything of the API it may be read by pages of others, if they have the secret.
api_response list_displays(shell_desk& desk, const std::string& secret) {
  api_response response;
  response.content_type = "application/json; charset=utf-8";
  response.headers.emplace_back("Cache-Control", "no-store");
  const auto there = desk.displays(secret);
  if (!there) {
    const auto trouble = check_display(desk, secret, {});
    response.status = static_cast<std::uint16_t>(trouble ? trouble->status : 410);
    response.body = trouble ? trouble->body : std::string{};
    return response;
  }
  boost::json::array list;
  for (const auto& display : *there)
    list.push_back(boost::json::object{{"display", display}});
  response.body = boost::json::serialize(list);
  return response;
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
  for (const auto* what : {"shell", "display"})
    rest.add_upgrade("/api/troupe/v1/" + std::string{what} + "/<taskId>/<runId>",
                     door_access::caller, [&desk](upgraded_connection&& connection) {
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

void add_display_routes(rest_gateway& rest, shell_desk& desk) {
  rest.add_page("GET", "/display/<secret>", door_access::open, [&desk](const door_request& asked) {
    return list_displays(desk, asked.params[0]);
  });
  rest.add_upgrade("/display/<secret>", door_access::open,
                   [&desk](upgraded_connection&& connection) {
                     const auto patient = check_patience(connection);
                     const auto display = connection.door.query_value("display");
                     shell_request about{connection.door.params[0], {}, 0, display.value_or("")};
                     const auto trouble = check_display(desk, about.secret, display);
                     const auto end = std::make_shared<shell_end>(
                         std::move(connection), desk, shell_end::side::reader, std::move(about));
                     if (trouble)
                       end->refuse(trouble->status, trouble->body);
                     else if (!patient)
                       end->refuse(patient.error());
                     else
                       desk.ask(end);
                   });
}

}  // namespace troupe
