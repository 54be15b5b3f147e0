#include "gateways/rest/handlers/monitoring.hpp"

#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "gateways/rest/rest_gateway.hpp"
#include "messages/json_text.hpp"

namespace troupe {

std::string version_json(const build_info& build) {
  std::string json = R"({"version":)";
  append_json_string(json, build.version);
  json += R"(,"commit":)";
  append_json_string(json, build.commit);
  json += R"(,"source":)";
  append_json_string(json, build.source);
  json += R"(,"build":)";
  append_json_string(json, build.build);
  json += '}';
  return json;
}

void add_root_pages(rest_gateway& gateway, const build_info& build,
                    const std::function<bool()>& healthy) {
  const auto json = [](std::string body, std::uint16_t status) {
    api_response response;
    response.status = status;
    response.body = std::move(body);
    return response;
  };
  // At the root the heartbeats answer whatever the verb.
  for (const auto* verb : {"GET", "POST", "PUT", "DELETE"}) {
    gateway.add_page(verb, "/__lbheartbeat__", door_access::open,
                     [json](const door_request&) { return json("{}", 200); });
    gateway.add_page(verb, "/__heartbeat__", door_access::open,
                     [json, healthy](const door_request&) {
                       return json("{}", !healthy || healthy() ? 200 : 503);
                     });
  }
  gateway.add_page("GET", "/__version__", door_access::open, [json, build](const door_request&) {
    return build.version.empty() ? json(R"({"error":"Not found"})", 500)
                                 : json(version_json(build), 200);
  });
  gateway.add_page("GET", "/robots.txt", door_access::open, [](const door_request&) {
    api_response response;
    response.content_type = "text/plain";
    response.body = "User-Agent: *\nDisallow: /\n";
    return response;
  });
}

namespace handlers {

void ping(request_context& call) {
  const auto up_ms = (call.now() - call.here().started).count();
  std::string json = R"({"alive":true,"uptime":)";
  json += std::to_string(up_ms / 1000);
  json += '.';
  json += std::to_string(1000 + up_ms % 1000).substr(1);
  json += '}';
  call.reply(std::move(json));
}

void lbheartbeat(request_context& call) { call.reply("{}"); }

void heartbeat(request_context& call) {
  const auto& healthy = call.here().healthy;
  if (!healthy || healthy())
    call.reply("{}");
  else
    call.fail(make_api_error(error_code::service_unavailable,
                             "The server has no connection to Redis; it tries again by itself"));
}

void version(request_context& call) { call.reply(version_json(call.here().build)); }

}  // namespace handlers

}  // namespace troupe
