#pragma once

#include <string>
#include <string_view>

namespace troupe {

/// Base64 with padding.
std::string base64(std::string_view bytes);

/// URL-safe base64 without padding.
std::string base64url(std::string_view bytes);

/// Reads either alphabet, with or without padding; false for anything else.
bool decode_base64(std::string_view text, std::string& out);

/// Bytes as pairs of lower-case hexadecimal digits.
std::string hex(std::string_view bytes);

}  // namespace troupe
