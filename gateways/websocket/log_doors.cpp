#include "gateways/websocket/log_doors.hpp"

#include "gateways/rest/rest_gateway.hpp"
#include "gateways/websocket/log_request.hpp"
#include "gateways/websocket/log_socket.hpp"
#include "gateways/websocket/log_text.hpp"
#include "gateways/websocket/log_upload.hpp"

namespace troupe {

namespace {

using consumer_ptr = std::shared_ptr<body_consumer>;
using stream_ptr = std::shared_ptr<response_stream>;

// Whom a route is for.
enum class wish { read, write };

// The log that a request names, when the caller may do what it wants; answers otherwise.
std::optional<log_request> admit(const door_request& request, wish what, response_stream& stream) {
  const auto about = read_log_request(request);
  const auto allowed = !about                ? outcome<void>{about.error()}
                       : what == wish::write ? may_write_log(request, *about)
                                             : may_read_log(request);
  if (allowed)
    return *about;
  stream.respond(log_failure(*request.on, allowed.error()));
  return std::nullopt;
}

}  // namespace

void add_log_routes(rest_gateway& rest, switchboard& board) {
  const std::string route = "/api/troupe/v1/log/<taskId>/<runId>";
  rest.add_stream("GET", route, door_access::caller,
                  [&board](door_request&& request, stream_ptr stream) -> consumer_ptr {
                    if (const auto about = admit(request, wish::read, *stream))
                      follow_as_text(request, *about, board, std::move(stream));
                    return nullptr;
                  });
  rest.add_stream("PUT", route, door_access::caller,
                  [&board](door_request&& request, stream_ptr stream) -> consumer_ptr {
                    if (const auto about = admit(request, wish::write, *stream))
                      return append_from_body(request, *about, board, std::move(stream));
                    return nullptr;
                  });
  rest.add_stream("POST", route + "/finish", door_access::caller,
                  [&board](door_request&& request, stream_ptr stream) -> consumer_ptr {
                    if (const auto about = admit(request, wish::write, *stream))
                      finish_by_request(request, *about, board, std::move(stream));
                    return nullptr;
                  });
  rest.add_upgrade(route, door_access::caller, [&board](upgraded_connection&& connection) {
    follow_by_socket(std::move(connection), board);
  });
}

}  // namespace troupe
