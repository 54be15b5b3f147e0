#include "gateways/websocket/task_page_door.hpp"

#include "gateways/websocket/page_parts.hpp"
#include "messages/ids.hpp"
#include "ui/task_page/task_page.hpp"

#include <string>
#include <string_view>

namespace troupe {

namespace {

// The page runs what the server serves and nothing else. It may read from elsewhere, since an
// artifact may be kept in another place.
constexpr std::string_view policy =
    "default-src 'none';script-src 'self';style-src 'self';img-src data:;connect-src 'self' http: "
    "https: ws: wss:;base-uri 'none';form-action 'none';frame-ancestors 'none'";

}  // namespace

void add_task_page_routes(rest_gateway& rest) {
  const auto add = [&rest](std::string route, std::string_view content_type,
                           std::string_view text) {
    add_page_part(rest, std::move(route), content_type, text, policy);
  };
  rest.add_page("GET", "/tasks/<taskId>", door_access::open, [](const door_request& request) {
    auto page = page_part("text/html; charset=utf-8", task_page_html(), policy);
    // The page tells its reader what is wrong with the id.
    if (!is_slugid(request.params[0]))
      page.status = 404;
    return page;
  });
  add("/task-page/page.css", "text/css; charset=utf-8", task_page_css());
  add("/task-page/page.js", "text/javascript; charset=utf-8", task_page_js());
  add("/task-page/ansi.js", "text/javascript; charset=utf-8", task_ansi_js());
}

}  // namespace troupe
