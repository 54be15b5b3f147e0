#include "gateways/websocket/display_page_door.hpp"

#include "gateways/websocket/page_parts.hpp"
#include "ui/display_page/display_page.hpp"

#include <string>
#include <string_view>

namespace troupe {

namespace {

// The page runs what the server serves and nothing else. Pictures come as data, and the displays of
// other workers are where those workers are. The address of the page has the secret.
constexpr std::string_view policy =
    "default-src 'none';script-src 'self';style-src 'self' 'unsafe-inline';img-src data: blob:;"
    "connect-src 'self' http: https: ws: wss:;base-uri 'none';form-action 'none';"
    "frame-ancestors 'none'";

}  // namespace

void add_display_page_routes(rest_gateway& rest) {
  constexpr std::string_view script = "text/javascript; charset=utf-8";
  const auto add = [&rest](std::string route, std::string_view content_type,
                           std::string_view text) {
    add_page_part(rest, std::move(route), content_type, text, policy);
  };
  add("/display", "text/html; charset=utf-8", display_page_html());
  add("/display-page/page.css", "text/css; charset=utf-8", display_page_css());
  add("/display-page/page.js", script, display_page_js());
  for (const auto& [path, text] : display_novnc())
    add("/display-page/novnc/" + std::string{path}, script, text);
}

}  // namespace troupe
