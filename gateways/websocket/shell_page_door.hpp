#pragma once

namespace troupe {

class rest_gateway;

/// Adds the page of shells at `/shell/`, and its parts below `/shell-page/`.
void add_shell_page_routes(rest_gateway& rest);

}  // namespace troupe
