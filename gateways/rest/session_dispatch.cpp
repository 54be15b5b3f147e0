#include "gateways/rest/http_lane.hpp"
#include "gateways/rest/http_session.hpp"
#include "gateways/rest/request_guard.hpp"
#include "gateways/rest/uri.hpp"
#include "messages/ascii_case.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"

namespace troupe {

namespace http = boost::beast::http;

namespace {

/// The first entry of a comma-separated list, without blanks.
std::string_view first_entry(std::string_view list) {
  auto entry = list.substr(0, list.find(','));
  while (!entry.empty() && entry.front() == ' ')
    entry.remove_prefix(1);
  while (!entry.empty() && entry.back() == ' ')
    entry.remove_suffix(1);
  return entry;
}

api_response plain_error(std::uint16_t status, std::string_view text) {
  api_response response;
  response.status = status;
  response.body = R"({"error":")" + std::string{text} + R"("})";
  return response;
}

}  // namespace

// -- API calls
// -------------------------------------------------------------------------------------

api_request http_session::make_api_request() {
  api_request request;
  request.verb = request_.verb();
  request.target = request_.target();
  request.authorization = request_.header(http::field::authorization);
  request.host = request_.header(http::field::host);
  request.content_type = request_.header(http::field::content_type);
  request.body = request_.body;
  request.trace_id = trace_id_;
  request.request_id = {request_id_.data(), request_id_.size()};
  request.source_ip = source_ip_;
  request.skip_cdn = request_.header("x-taskcluster-skip-cdn");
  request.region = request_.header("x-taskcluster-region");
  request.tls = tls_ != nullptr;
  if (home_.trusts_proxy()) {
    request.forwarded_port = first_entry(request_.header("x-forwarded-port"));
    request.forwarded_proto = first_entry(request_.header("x-forwarded-proto"));
    if (const auto client = first_entry(request_.header("x-forwarded-for")); !client.empty())
      request.source_ip = client;
  }
  return request;
}

bool http_session::overloaded() const { return home_.on().open_replies() >= home_.most_calls(); }

bool http_session::decode_body() {
  const auto coding = request_.header(http::field::content_encoding);
  if (coding.empty() || request_.body.empty())
    return true;
  auto decoded = decode_content(coding, request_.body, home_.config().max_body_bytes);
  if (!decoded) {
    refuse_call(std::move(decoded).error());
    return false;
  }
  request_.body = std::move(*decoded);
  return true;
}

void http_session::dispatch_call() {
  if (overloaded()) {
    refuse_call(make_api_error(error_code::service_unavailable,
                               "The server has too many requests under way; repeat in a moment"));
    return;
  }
  if (auto& guard = *home_.api().guard; guard.limits_addresses()) {
    auto admitted = guard.admit_address(make_api_request().source_ip, home_.on().now());
    if (!admitted) {
      refuse_call(std::move(admitted).error());
      return;
    }
  }
  if (!decode_body())
    return;
  phase_ = phase::calling;
  call_.start(make_api_request());
  if (finish_soon_ && phase_ == phase::calling)
    call_.release_claim();
}

void http_session::refuse_call(api_error error) {
  phase_ = phase::calling;
  call_.refuse(make_api_request(), std::move(error));
}

// -- doors
// -----------------------------------------------------------------------------------------

bool http_session::dispatch_door(std::string_view rest) {
  const auto path = path_of(request_.target());
  if (!home_.doors().may_match(path))
    return false;
  const bool upgrade =
      parser_->upgrade() &&
      lower_case(request_.header(http::field::upgrade)).find("websocket") != std::string::npos;
  auto found = home_.doors().find(request_.verb(), path, upgrade);
  if (!found)
    return false;
  if (found->route == nullptr && request_.verb() == "OPTIONS") {
    api_response response;
    response.allow = "OPTIONS";
    for (auto verb : found->verbs)
      response.allow += ", " + std::string{verb};
    response.content_type = {};
    send_response(std::move(response));
    return true;
  }
  if (found->route == nullptr || found->bad_escape) {
    send_response(found->route == nullptr ? plain_error(404, "Not found")
                                          : plain_error(400, "Broken percent escape in the path"));
    return true;
  }
  const auto& route = *found->route;
  auto door = make_door_request(std::move(*found));
  if (!door)
    return true;
  if (route.take_over)
    run_upgrade(route, std::move(*door), rest);
  else if (route.stream)
    run_stream(route, std::move(*door));
  else
    run_page(route, std::move(*door));
  return true;
}

std::optional<door_request> http_session::make_door_request(door_routes::match&& found) {
  door_request door;
  door.on = &home_.on();
  door.verb = request_.verb();
  door.target = request_.target();
  door.path = path_of(request_.target());
  door.query = query_of(request_.target());
  door.params = std::move(found.params);
  request_.each_header([&door](std::string_view name, std::string_view value) {
    door.headers.emplace_back(lower_case(name), value);
  });
  const auto request = make_api_request();
  door.source_ip = request.source_ip;
  if (auto admitted = home_.api().guard->admit_address(request.source_ip, home_.on().now());
      !admitted) {
    phase_ = phase::calling;
    call_.refuse_unnamed(request, std::move(admitted).error());
    return std::nullopt;
  }
  if (found.route->access == door_access::caller_of_body) {
    auto who = home_.api().authenticate_head(request);
    if (!who) {
      phase_ = phase::calling;
      call_.refuse_unnamed(request, std::move(who).error());
      return std::nullopt;
    }
    door.by = std::move(who->by);
    door.body_hash = std::move(who->body_hash);
  } else if (found.route->access == door_access::caller) {
    auto who = home_.api().authenticate(request);
    if (!who) {
      phase_ = phase::calling;
      call_.refuse_unnamed(request, std::move(who).error());
      return std::nullopt;
    }
    door.by = std::move(*who);
  }
  return door;
}

void http_session::run_page(const door_route& route, door_request&& door) {
  send_response(route.page(door));
}

void http_session::run_stream(const door_route& route, door_request&& door) {
  phase_ = phase::streaming;
  auto stream = std::make_shared<session_stream>(*this, door.verb == "HEAD");
  stream_ = stream;
  auto consumer = route.stream(std::move(door), stream);
  if (stream_ != stream || phase_ != phase::streaming)
    return;  // answered already
  consumer_ = consumer;
  parser_->redirect_body([this, consumer](std::string_view bytes) {
    if (consumer && consumer_ == consumer && !consumer->on_bytes(bytes))
      body_paused_ = true;
  });
  if (!parser_->is_done() && request_.header(http::field::expect).size() == 12)
    after_write(writer_.send("HTTP/1.1 100 Continue\r\n\r\n", {}));
}

void http_session::run_upgrade(const door_route& route, door_request&& door,
                               std::string_view rest) {
  upgraded_connection taken{&home_.on(),
                            web_stream{std::move(socket_), std::move(tls_)},
                            {},
                            std::string{rest},
                            std::move(door)};
  taken.request.method_string(taken.door.verb);
  taken.request.target(taken.door.target);
  taken.request.version(static_cast<unsigned>(request_.version()));
  request_.each_header([&taken](std::string_view name, std::string_view value) {
    taken.request.insert(name, value);
  });
  phase_ = phase::closed;
  home_.remove(*this);
  boost::system::error_code ignored;
  taken.socket.next_layer().cancel(ignored);
  route.take_over(std::move(taken));
}

}  // namespace troupe
