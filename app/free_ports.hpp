#pragma once

#include "messages/api_error.hpp"
#include "runtime/config/load_settings.hpp"

#include <functional>
#include <string>

namespace troupe {

/// For one person's machine: a standard port that nobody chose and that another program uses is
/// replaced by any free one; `tell` hears a line about each. Ports that were chosen stay, and are
/// refused later when they are in use.
void avoid_busy_ports(loaded_settings& loaded, const std::function<void(const std::string&)>& tell);

/// Whether the ports of the server's doors are free. Looked at before Redis is touched: a server
/// that takes the data over from a running one, and only then finds that it cannot open its doors,
/// would end both.
outcome<void> check_ports(const settings& config);

}  // namespace troupe
