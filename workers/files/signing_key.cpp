#include "workers/files/signing_key.hpp"

#include "runtime/crypto/base64.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <fstream>
#include <sstream>

namespace troupe {

struct signing_key::impl {
  explicit impl(EVP_PKEY* made) : key(made) {}
  ~impl() { EVP_PKEY_free(key); }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  EVP_PKEY* key;
};

signing_key::signing_key(std::unique_ptr<impl> made) : impl_(std::move(made)) {}
signing_key::signing_key(signing_key&&) noexcept = default;
signing_key& signing_key::operator=(signing_key&&) noexcept = default;
signing_key::~signing_key() = default;

outcome<signing_key> signing_key::read(const std::string& path) {
  constexpr std::size_t seed_size = 32;
  const auto problem = [&path](const std::string& what) {
    return make_api_error(error_code::input_error, "the signing key " + path + " " + what);
  };
  std::ifstream file{path, std::ios::binary};
  std::ostringstream all;
  all << file.rdbuf();
  if (!file)
    return problem("cannot be read");
  auto text = all.str();
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  std::string seed;
  if (!decode_base64(text, seed) || seed.size() != seed_size)
    return problem("must hold the base64 of 32 bytes, the seed of an Ed25519 key");
  auto* key = EVP_PKEY_new_raw_private_key(
      EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(seed.data()), seed.size());
  OPENSSL_cleanse(seed.data(), seed.size());
  OPENSSL_cleanse(text.data(), text.size());
  if (key == nullptr)
    return problem("is no Ed25519 key");
  return signing_key{std::make_unique<impl>(key)};
}

std::string signing_key::sign(std::string_view bytes) const {
  std::string signature(64, '\0');
  auto size = signature.size();
  auto* context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, nullptr, nullptr, impl_->key);
  const int done =
      EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  EVP_MD_CTX_free(context);
  return done == 1 ? signature : std::string{};
}

std::string signing_key::public_key() const {
  std::string bytes(32, '\0');
  auto size = bytes.size();
  EVP_PKEY_get_raw_public_key(impl_->key, reinterpret_cast<unsigned char*>(bytes.data()), &size);
  return base64(bytes);
}

}  // namespace troupe
