#pragma once

#include "messages/api_error.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace troupe {

/// A key that signs by Ed25519. From any thread.
class signing_key {
 public:
  /// Reads a file that holds the base64 of the key's 32-byte seed, as generic-worker makes it. The
  /// error says what is wrong with the file.
  static outcome<signing_key> read(const std::string& path);

  signing_key(signing_key&&) noexcept;
  signing_key& operator=(signing_key&&) noexcept;
  ~signing_key();

  /// The 64 bytes of a signature.
  std::string sign(std::string_view bytes) const;

  /// The 32 bytes by which signatures are verified, in base64.
  std::string public_key() const;

 private:
  struct impl;
  explicit signing_key(std::unique_ptr<impl> made);

  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
