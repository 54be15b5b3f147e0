#include "gateways/rest/api_pipeline.hpp"
#include "gateways/rest/signed_host.hpp"
#include "gateways/rest/uri.hpp"
#include "messages/json_parser.hpp"
#include "runtime/clock/random.hpp"
#include "runtime/envelope/envelope.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/log/log.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

// Instead of what only its owner may see.
constexpr std::string_view omitted = "(OMITTED)";

}  // namespace

std::string retry_after(const api_error& error) {
  if (error.code == error_code::service_unavailable)
    return "1";
  const auto* seconds = error.details.if_contains("retryAfter");
  return error.code == error_code::too_many_requests && seconds != nullptr && seconds->is_int64()
             ? std::to_string(seconds->get_int64())
             : std::string{};
}

void api_call::fail(api_error error) {
  if (answered_)
    return;
  if (waiting_)
    stop_waiting();
  if (error.code == error_code::internal_server_error)
    describe_unforeseen(error);
  if (asked_ != nullptr)
    return close_question(std::move(error));
  const auto payload = payload_for_error();
  request_info info;
  if (method_ != nullptr) {
    info.method = method_->row->name;
    info.params = method_->row->params;
    info.values = params_;
  }
  info.payload = &payload;
  info.time = now();
  api_response response;
  response.status = static_cast<std::uint16_t>(http_status(error.code));
  response.body = render_error(error, info);
  if (error.code == error_code::authentication_failed)
    response.headers.emplace_back("WWW-Authenticate", "hawk");
  if (auto wait = retry_after(error); !wait.empty())
    response.headers.emplace_back("Retry-After", std::move(wait));
  finish(std::move(response));
}

json::value api_call::payload_for_error() {
  const auto blanked = method_ == nullptr ? std::string_view{} : method_->row->blanked;
  if (body_broken_)
    return json::string(blanked.empty() ? shown_as_utf8(request_.body) : std::string{omitted});
  auto payload = whole_payload();
  if (auto* members = payload.if_object(); members != nullptr && !blanked.empty())
    if (auto* member = members->if_contains(blanked))
      *member = omitted;
  return payload;
}

json::value api_call::whole_payload() {
  if (body_valid_)
    return body_;
  if (body_unreadable_ || request_.body.empty() || !is_json_type(request_.content_type))
    return json::object{};
  // The parsed body is gone by the time an actor answers; errors are rare enough to read it again.
  boost::system::error_code failed;
  auto again = parse_json(request_.body, failed);
  if (failed)
    return json::object{};
  if (method_ != nullptr && method_->input != nullptr)
    method_->input->apply_defaults(again);
  return again;
}

void api_call::describe_unforeseen(api_error& error) {
  const auto incident = make_uuid(thread_random());
  json::object params;
  for (std::size_t i = 0; i < params_.size(); ++i)
    params[method_->row->params[i].name] = params_[i];
  log_record(severity::error, "monitor.error",
             {{"name", "Error"},
              {"message", error.message},
              {"incidentId", incident},
              {"method", method_ == nullptr ? std::string_view{} : method_->row->name},
              {"params", std::move(params)},
              {"payload", payload_for_error()}},
             "api");
  error.message = "Internal Server Error, incidentId " + incident + ".";
  error.details = {};
}

}  // namespace troupe
