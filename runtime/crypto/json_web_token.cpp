#include "runtime/crypto/json_web_token.hpp"

#include "runtime/crypto/base64.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <stdexcept>

namespace troupe {

namespace {

constexpr int least_bits = 2048;

// OpenSSL would ask the terminal for the password of a key that has one.
int no_password(char*, int, int, void*) { return -1; }

std::string unsigned_token(std::string_view header, std::string_view claims) {
  return base64url(header) + "." + base64url(claims);
}

}  // namespace

std::optional<rsa_signing_key> rsa_signing_key::read(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> from{
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
  std::shared_ptr<EVP_PKEY> key{PEM_read_bio_PrivateKey(from.get(), nullptr, &no_password, nullptr),
                                &EVP_PKEY_free};
  // What went wrong must not be found by the next who looks at this thread's errors.
  ERR_clear_error();
  if (!key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA || EVP_PKEY_bits(key.get()) < least_bits)
    return std::nullopt;
  return rsa_signing_key{std::move(key)};
}

std::string rsa_signing_key::sign(std::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> with{EVP_MD_CTX_new(),
                                                                     &EVP_MD_CTX_free};
  auto* key = static_cast<EVP_PKEY*>(key_.get());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::string out(static_cast<std::size_t>(EVP_PKEY_size(key)), '\0');
  auto size = out.size();
  if (EVP_DigestSignInit(with.get(), nullptr, EVP_sha256(), nullptr, key) <= 0 ||
      EVP_DigestSign(with.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes,
                     text.size()) <= 0)
    throw std::runtime_error("the cryptographic library could not sign");
  out.resize(size);
  return out;
}

std::string json_web_token(std::string_view claims, const hmac_key& key) {
  auto token = unsigned_token(R"({"alg":"HS256","typ":"JWT"})", claims);
  const auto signature = base64url(key.mac(token));
  return token.append(".").append(signature);
}

std::string json_web_token(std::string_view claims, const rsa_signing_key& key,
                           std::string_view key_id) {
  std::string header = R"({"alg":"RS256","typ":"JWT")";
  if (!key_id.empty())
    header.append(R"(,"kid":")").append(key_id).append("\"");
  auto token = unsigned_token(header + "}", claims);
  const auto signature = base64url(key.sign(token));
  return token.append(".").append(signature);
}

}  // namespace troupe
