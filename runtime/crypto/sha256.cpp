// The one-shot functions of OpenSSL 3 look an algorithm up for every call, which costs several
// times what hashing a request takes.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "runtime/crypto/sha256.hpp"

#include "runtime/crypto/base64_alphabet.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <cstring>

namespace troupe {

namespace {

std::string_view view_of(const digest& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

digest sha256(std::string_view bytes) {
  digest out{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data());
  return out;
}

hmac_key::hmac_key(std::string_view key) {
  static_assert(sizeof(SHA256_CTX) <= sizeof(state));
  unsigned char block[64] = {};
  if (key.size() > sizeof block) {
    const auto short_key = sha256(key);
    std::memcpy(block, short_key.data(), short_key.size());
  } else if (!key.empty()) {
    std::memcpy(block, key.data(), key.size());
  }
  unsigned char padded[64];
  SHA256_CTX context;
  const auto prepare = [&](state& into, unsigned char pad) {
    for (std::size_t i = 0; i < sizeof padded; ++i)
      padded[i] = block[i] ^ pad;
    SHA256_Init(&context);
    SHA256_Update(&context, padded, sizeof padded);
    std::memcpy(into.bytes, &context, sizeof context);
  };
  prepare(inner_, 0x36);
  prepare(outer_, 0x5c);
  OPENSSL_cleanse(block, sizeof block);
  OPENSSL_cleanse(padded, sizeof padded);
}

digest hmac_key::mac(std::string_view text) const {
  digest out{};
  SHA256_CTX context;
  std::memcpy(&context, inner_.bytes, sizeof context);
  SHA256_Update(&context, text.data(), text.size());
  SHA256_Final(out.data(), &context);
  std::memcpy(&context, outer_.bytes, sizeof context);
  SHA256_Update(&context, out.data(), out.size());
  SHA256_Final(out.data(), &context);
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

bool equal_in_constant_time(const digest& bytes, std::string_view text) {
  char encoded[44];
  *detail::encode_base64(view_of(bytes), detail::base64_standard, encoded) = '=';
  return equal_in_constant_time(std::string_view{encoded, sizeof encoded}, text);
}

std::string base64(const digest& bytes) { return base64(view_of(bytes)); }
std::string base64url(const digest& bytes) { return base64url(view_of(bytes)); }
std::string hex(const digest& bytes) { return hex(view_of(bytes)); }

}  // namespace troupe
