#include "gateways/websocket/shell_page_door.hpp"

#include "gateways/websocket/page_parts.hpp"
#include "ui/shell_page/shell_page.hpp"

#include <string>
#include <string_view>

namespace troupe {

namespace {

// The page runs what the server serves and nothing else. The terminal makes its own styles, and
// the shells of other workers are where those workers are. The address of the page has the secret.
constexpr std::string_view policy =
    "default-src 'none';script-src 'self';style-src 'self' 'unsafe-inline';img-src data:;"
    "connect-src 'self' ws: wss:;base-uri 'none';form-action 'none';frame-ancestors 'none'";

}  // namespace

void add_shell_page_routes(rest_gateway& rest) {
  const auto add = [&rest](std::string route, std::string_view content_type,
                           std::string_view text) {
    add_page_part(rest, std::move(route), content_type, text, policy);
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
