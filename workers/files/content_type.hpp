#pragma once

#include <string>
#include <string_view>

namespace troupe {

/// The content type of a file by its name: one that is known here, else what the table of the
/// system (/etc/mime.types) says, else `application/octet-stream`.
std::string content_type_of(std::string_view name);

/// Whether a file of that name is compressed already.
bool is_compressed(std::string_view name);

}  // namespace troupe
