#pragma once

#include "messages/api_error.hpp"

#include <atomic>
#include <string>

namespace troupe {

/// Copies the bytes of a file into the new file `to`; given up when `give_up` becomes true.
outcome<void> copy_file(const std::string& from, const std::string& to,
                        const std::atomic<bool>& give_up);

}  // namespace troupe
