#pragma once

#include "runtime/crypto/base64.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace troupe {

/// A SHA-256 digest.
using digest = std::array<unsigned char, 32>;

/// SHA-256 of the bytes.
digest sha256(std::string_view bytes);

/// A key for HMAC-SHA256 whose two inner states are made once: each MAC then costs what hashing the
/// text costs. There is no key without a value, so that none can be used by mistake.
class hmac_key {
 public:
  explicit hmac_key(std::string_view key);

  /// HMAC-SHA256 of the text.
  digest mac(std::string_view text) const;

 private:
  // Room for an SHA256_CTX each, so that no OpenSSL type stands in this header.
  struct alignas(8) state {
    unsigned char bytes[112];
  };
  state inner_{};
  state outer_{};
};

/// Whether the texts are equal; takes the same time wherever they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// Whether `text` is the digest in standard base64 with padding, in constant time.
bool equal_in_constant_time(const digest& bytes, std::string_view text);

/// A digest in base64 with padding, URL-safe base64 without, and hexadecimal.
std::string base64(const digest& bytes);
std::string base64url(const digest& bytes);
std::string hex(const digest& bytes);

}  // namespace troupe
