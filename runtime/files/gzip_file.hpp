#pragma once

#include "messages/api_error.hpp"

#include <cstdint>
#include <string>

namespace troupe {

/// Packs the first `size` bytes of an open file into the file `to`, piece by piece.
outcome<void> gzip_file(int from, std::uint64_t size, const std::string& to);

}  // namespace troupe
