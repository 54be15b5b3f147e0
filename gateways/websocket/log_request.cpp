#include "gateways/websocket/log_request.hpp"

#include "gateways/rest/door_access.hpp"

#include <charconv>

namespace troupe {

namespace {

constexpr std::uint32_t most_tail_lines = 100'000;

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc{} && end == text.data() + text.size() && !text.empty();
}

api_error bad_argument(std::string text) {
  return make_api_error(error_code::invalid_request_arguments, std::move(text));
}

}  // namespace

outcome<log_request> read_log_request(const door_request& request) {
  log_request about;
  const auto id = task_id::parse(request.params[0]);
  if (!id || !read_number(request.params[1], about.run))
    return bad_argument("a log is named by /log/<taskId>/<runId>, with a slugid and a number");
  about.task = *id;
  if (const auto offset = request.query_value("offset");
      offset && !read_number(*offset, about.offset))
    return bad_argument("offset must be a number of bytes, not '" + *offset + "'");
  const auto tail = request.query_value("tail");
  if (tail && (!read_number(*tail, about.tail_lines) || about.tail_lines == 0 ||
               about.tail_lines > most_tail_lines))
    return bad_argument("tail must be a number of lines from 1 to " +
                        std::to_string(most_tail_lines) + ", not '" + *tail + "'");
  if (tail && request.query_value("offset"))
    return bad_argument("give either offset or tail: where to begin can only be said once");
  return about;
}

outcome<void> may_read_log(const door_request& request) {
  return demand_scope(*request.by, "queue:get-artifact:public/logs/live.log");
}

outcome<void> may_write_log(const door_request& request, const log_request& about) {
  return demand_scope(
      *request.by, "queue:create-artifact:" + about.task.str() + "/" + std::to_string(about.run));
}

api_response log_failure(const lane& on, const api_error& error) {
  return door_failure(on, "log", error);
}

api_response log_response(const lane& on, answer&& result) {
  if (result.error)
    return log_failure(on, *result.error);
  api_response response;
  response.status = result.status;
  response.body = std::move(result.body);
  return response;
}

}  // namespace troupe
