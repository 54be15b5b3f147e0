#pragma once

#include <functional>
#include <string>

namespace troupe {

class rest_gateway;
struct build_info;

/// The object that `version` answers.
std::string version_json(const build_info& build);

/// `/__version__`, `/__heartbeat__`, `/__lbheartbeat__` and `/robots.txt` at the root.
void add_root_pages(rest_gateway& gateway, const build_info& build,
                    const std::function<bool()>& healthy);

}  // namespace troupe
