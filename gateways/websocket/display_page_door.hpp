#pragma once

namespace troupe {

class rest_gateway;

/// Adds the page of displays at `/display/`, and its parts below `/display-page/`.
void add_display_page_routes(rest_gateway& rest);

}  // namespace troupe
