#pragma once

#include <string_view>

namespace troupe {

/// The page of a shell in a running task, with its style, its scripts and the terminal that it
/// shows (xterm.js), as they are served. Built into the program.
std::string_view shell_page_html();
std::string_view shell_page_css();
std::string_view shell_page_js();
std::string_view shell_xterm_js();
std::string_view shell_xterm_css();
std::string_view shell_addon_fit_js();

}  // namespace troupe
