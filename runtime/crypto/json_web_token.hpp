#pragma once

#include "runtime/crypto/sha256.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// An RSA private key that signs by RSASSA-PKCS1-v1_5 with SHA-256.
class rsa_signing_key {
 public:
  /// Reads PEM without a password; nothing when it is no RSA private key of at least 2048 bits.
  static std::optional<rsa_signing_key> read(std::string_view pem);

  /// The bytes of the signature.
  std::string sign(std::string_view text) const;

 private:
  explicit rsa_signing_key(std::shared_ptr<void> key) : key_(std::move(key)) {}

  std::shared_ptr<void> key_;
};

/// A JSON Web Token (RFC 7519) with these claims, a JSON object, signed by HS256.
std::string json_web_token(std::string_view claims, const hmac_key& key);

/// The same by RS256. The header names the key when it has an id, which is plain ASCII.
std::string json_web_token(std::string_view claims, const rsa_signing_key& key,
                           std::string_view key_id = {});

}  // namespace troupe
