#pragma once

#include "messages/api_error.hpp"
#include "runtime/clock/random.hpp"

#include <string>
#include <string_view>

namespace troupe {

/// The secret of 32 bytes from which a server derives what it signs with. Read from
/// `<data_dir>/server-key` (mode 0600), which is made when it is not there; with an empty
/// `data_dir` a new one that is not kept.
outcome<std::string> load_server_key(const std::string& data_dir, random_source& random);

/// The key for one purpose, like `blob-urls`: 32 bytes, HMAC-SHA256 of the purpose.
std::string derive_key(std::string_view server_key, std::string_view purpose);

/// HMAC-SHA256 as URL-safe base64 without padding: 43 characters.
std::string keyed_signature(std::string_view key, std::string_view text);

}  // namespace troupe
