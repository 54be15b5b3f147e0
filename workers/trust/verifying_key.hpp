#pragma once

#include "messages/api_error.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Public keys of trusted workers.
class verifying_keys {
 public:
  /// Reads a file with a key on each line, the base64 of its 32 bytes; after it, and on lines that
  /// begin with `#`, there may be remarks. The error says which line is none.
  static outcome<verifying_keys> read(const std::string& path);

  /// The key, in base64, by which the bytes were signed; empty when it was none of these.
  std::string signer_of(std::string_view bytes, std::string_view signature) const;

 private:
  using raw_key = std::array<unsigned char, 32>;

  static bool is_signed_by(const raw_key& key, std::string_view bytes, std::string_view signature);

  std::vector<raw_key> keys_;
};

}  // namespace troupe
