#include "runtime/crypto/md5.hpp"

#include "runtime/crypto/base64.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace troupe {

std::string md5_base64(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  std::size_t size = 0;
  if (EVP_Q_digest(nullptr, "MD5", nullptr, bytes.data(), bytes.size(), digest, &size) != 1)
    throw std::runtime_error("OpenSSL has no MD5 here");
  return base64(std::string_view{reinterpret_cast<const char*>(digest), size});
}

}  // namespace troupe
