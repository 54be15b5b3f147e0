#include "workers/trust/verifying_key.hpp"

#include "runtime/crypto/base64.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <memory>

namespace troupe {

namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

bool verifying_keys::is_signed_by(const raw_key& raw, std::string_view bytes,
                                  std::string_view signature) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()),
      &EVP_PKEY_free};
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free};
  return key && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(bytes),
                          bytes.size()) == 1;
}

outcome<verifying_keys> verifying_keys::read(const std::string& path) {
  std::ifstream file{path};
  if (!file)
    return make_api_error(error_code::input_error, "the file of keys " + path + " cannot be read");
  verifying_keys keys;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const auto word = line.substr(0, line.find_first_of(" \t\r"));
    if (word.empty() || word.front() == '#')
      continue;
    std::string raw;
    if (!decode_base64(word, raw) || raw.size() != raw_key{}.size())
      return make_api_error(error_code::input_error,
                            path + ":" + std::to_string(number) +
                                " must begin with the base64 of 32 bytes, a public Ed25519 key");
    std::copy(raw.begin(), raw.end(), keys.keys_.emplace_back().begin());
  }
  if (keys.keys_.empty())
    return make_api_error(error_code::input_error, "the file of keys " + path + " has no key");
  return keys;
}

std::string verifying_keys::signer_of(std::string_view bytes, std::string_view signature) const {
  for (const auto& key : keys_)
    if (is_signed_by(key, bytes, signature))
      return base64({reinterpret_cast<const char*>(key.data()), key.size()});
  return {};
}

}  // namespace troupe
