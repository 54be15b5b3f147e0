#pragma once

// The midstates of a key need the functions that OpenSSL 3 calls old.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe_load {

/// A key of HMAC-SHA256 as two SHA-256 midstates, so that signing costs two blocks less.
class hawk_key {
 public:
  hawk_key() = default;
  explicit hawk_key(std::string_view key);

  std::array<std::uint8_t, 32> mac(std::string_view message) const;

 private:
  SHA256_CTX inner_{};
  SHA256_CTX outer_{};
};

struct credentials {
  std::string client_id;
  hawk_key key;
  std::string ext;  ///< base64 of {"certificate": ...}, or empty
};

/// Credentials of an access token; a certificate is JSON text, or empty.
credentials make_credentials(std::string client_id, std::string_view access_token,
                             std::string_view certificate);

/// What Hawk signs of a request.
struct signed_parts {
  std::string_view method;
  std::string_view path;
  std::string_view host;
  std::string_view port;
  std::string_view payload_hash;  ///< base64, or empty
};

/// Appends the value of an Authorization header, signed now.
void append_hawk(std::string& out, const signed_parts& parts, const credentials& by,
                 std::uint64_t nonce);

/// The payload hash of a JSON body that is given in three pieces, in base64.
std::string hash_payload(std::string_view first, std::string_view second, std::string_view third);

}  // namespace troupe_load
