#include "gateways/websocket/shell_page_door.hpp"

#include "gateways/rest/rest_gateway.hpp"
#include "ui/shell_page/shell_page.hpp"

#include <string>
#include <string_view>

namespace troupe {

namespace {

// The page runs what the server serves and nothing else. The terminal makes its own styles, and
// the shells of other workers are where those workers are.
constexpr std::string_view policy =
    "default-src 'none';script-src 'self';style-src 'self' 'unsafe-inline';img-src data:;"
    "connect-src 'self' ws: wss:;base-uri 'none';form-action 'none';frame-ancestors 'none'";

api_response part(std::string_view content_type, std::string_view text) {
  api_response response;
  response.content_type = content_type;
  response.body = text;
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("Content-Security-Policy", policy);
  // The address of the page has the secret.
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace

void add_shell_page_routes(rest_gateway& rest) {
  const auto add = [&rest](std::string route, std::string_view content_type,
                           std::string_view text) {
    rest.add_page("GET", std::move(route), door_access::open,
                  [content_type, text](const door_request&) { return part(content_type, text); });
  };
  constexpr std::string_view style = "text/css; charset=utf-8";
  constexpr std::string_view script = "text/javascript; charset=utf-8";
  add("/shell", "text/html; charset=utf-8", shell_page_html());
  add("/shell-page/page.css", style, shell_page_css());
  add("/shell-page/page.js", script, shell_page_js());
  add("/shell-page/xterm.css", style, shell_xterm_css());
  add("/shell-page/xterm.js", script, shell_xterm_js());
  add("/shell-page/addon-fit.js", script, shell_addon_fit_js());
}

}  // namespace troupe
