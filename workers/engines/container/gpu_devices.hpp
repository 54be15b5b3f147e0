#pragma once

#include "messages/api_error.hpp"

#include <string>
#include <vector>

namespace troupe {

/// What podman is told of devices that are named as paths, with `*` and `?` as in a shell, or by
/// CDI (`vendor/class=name`). The error says what of it is nothing.
outcome<std::vector<std::string>> find_gpus(const std::vector<std::string>& named);

}  // namespace troupe
