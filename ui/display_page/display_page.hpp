#pragma once

#include <map>
#include <string_view>

namespace troupe {

/// The page of a display in a running task, with its style, its script and the client that it shows
/// (noVNC), as they are served. Built into the program.
std::string_view display_page_html();
std::string_view display_page_css();
std::string_view display_page_js();

/// The scripts of noVNC by their paths.
const std::map<std::string_view, std::string_view>& display_novnc();

}  // namespace troupe
