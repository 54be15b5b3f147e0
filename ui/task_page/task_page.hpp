#pragma once

#include <string_view>

namespace troupe {

/// The page of a task, with its style and its scripts, as they are served. Built into the program.
std::string_view task_page_html();
std::string_view task_page_css();
std::string_view task_page_js();
std::string_view task_ansi_js();

}  // namespace troupe
