#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// Encrypts a secret for storage: AES-256-GCM with a key of 32 bytes and a fresh nonce of 12. What
/// it is bound to, like the name of its row, must be the same to read it. The result is `1:` and
/// URL-safe base64.
std::string seal_text(std::string_view key, std::string_view nonce, std::string_view bound_to,
                      std::string_view secret);

/// Reads it back; nothing when it was made with another key, for another row, or was changed.
std::optional<std::string> unseal_text(std::string_view key, std::string_view bound_to,
                                       std::string_view sealed);

}  // namespace troupe
