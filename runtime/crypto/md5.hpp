#pragma once

#include <string>
#include <string_view>

namespace troupe {

/// The MD5 digest of the bytes in base64, as the header Content-MD5 has it. It finds what got lost
/// on the way, and protects nothing.
std::string md5_base64(std::string_view bytes);

}  // namespace troupe
