#include "runtime/crypto/sealed_text.hpp"

#include "runtime/crypto/base64.hpp"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace troupe {

namespace {

constexpr std::string_view form = "1:";
constexpr std::size_t key_size = 32;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;

using cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

int size_of(std::string_view text) { return static_cast<int>(text.size()); }

}  // namespace

std::string seal_text(std::string_view key, std::string_view nonce, std::string_view bound_to,
                      std::string_view secret) {
  if (key.size() != key_size || nonce.size() != nonce_size)
    throw std::logic_error("sealing needs a key of 32 bytes and a nonce of 12");
  const cipher to{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
  std::string out(secret.size(), '\0');
  std::string tag(tag_size, '\0');
  int written = 0;
  const bool fine =
      EVP_EncryptInit_ex(to.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce)) &&
      EVP_EncryptUpdate(to.get(), nullptr, &written, bytes_of(bound_to), size_of(bound_to)) &&
      EVP_EncryptUpdate(to.get(), bytes_of(out), &written, bytes_of(secret), size_of(secret)) &&
      EVP_EncryptFinal_ex(to.get(), bytes_of(tag), &written) &&
      EVP_CIPHER_CTX_ctrl(to.get(), EVP_CTRL_GCM_GET_TAG, tag_size, tag.data());
  if (!fine)
    throw std::runtime_error("the cryptographic library could not encrypt");
  return std::string{form} + base64url(std::string{nonce} + out + tag);
}

std::optional<std::string> unseal_text(std::string_view key, std::string_view bound_to,
                                       std::string_view sealed) {
  std::string raw;
  if (key.size() != key_size || !sealed.starts_with(form) ||
      !decode_base64(sealed.substr(form.size()), raw) || raw.size() < nonce_size + tag_size)
    return std::nullopt;
  const std::string_view all = raw;
  const auto nonce = all.substr(0, nonce_size);
  const auto text = all.substr(nonce_size, all.size() - nonce_size - tag_size);
  std::string tag{all.substr(all.size() - tag_size)};
  const cipher from{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
  std::string out(text.size(), '\0');
  unsigned char rest[tag_size];
  int written = 0;
  const bool fine =
      EVP_DecryptInit_ex(from.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce)) &&
      EVP_DecryptUpdate(from.get(), nullptr, &written, bytes_of(bound_to), size_of(bound_to)) &&
      EVP_DecryptUpdate(from.get(), bytes_of(out), &written, bytes_of(text), size_of(text)) &&
      EVP_CIPHER_CTX_ctrl(from.get(), EVP_CTRL_GCM_SET_TAG, tag_size, tag.data()) &&
      EVP_DecryptFinal_ex(from.get(), rest, &written) > 0;
  if (!fine)
    return std::nullopt;
  return out;
}

}  // namespace troupe
