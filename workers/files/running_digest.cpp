#include "workers/files/running_digest.hpp"

#include "runtime/crypto/sha256.hpp"
#include "runtime/files/descriptor.hpp"

#include <openssl/evp.h>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>

namespace troupe {

struct running_digest::impl {
  impl() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  ~impl() { EVP_MD_CTX_free(context); }
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

running_digest::running_digest() : impl_(std::make_unique<impl>()) {}
running_digest::~running_digest() = default;
running_digest::running_digest(running_digest&&) noexcept = default;
running_digest& running_digest::operator=(running_digest&&) noexcept = default;

void running_digest::add(std::string_view bytes) {
  EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size());
}

std::string running_digest::hex() {
  digest result{};
  unsigned size = 0;
  EVP_DigestFinal_ex(impl_->context, result.data(), &size);
  return troupe::hex(result);
}

std::string sha256_of_file(const std::string& path) {
  const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  return file ? sha256_of_file(file.get(), UINT64_MAX) : std::string{};
}

std::string sha256_of_file(int file, std::uint64_t size) {
  constexpr std::uint64_t piece = 256 * 1024;
  running_digest sum;
  std::string buffer(piece, '\0');
  for (std::uint64_t at = 0; at < size;) {
    const auto wanted = static_cast<std::size_t>(std::min(piece, size - at));
    const auto got = ::pread(file, buffer.data(), wanted, static_cast<off_t>(at));
    if (got < 0)
      return {};
    if (got == 0)
      break;
    sum.add({buffer.data(), static_cast<std::size_t>(got)});
    at += static_cast<std::uint64_t>(got);
  }
  return sum.hex();
}

}  // namespace troupe
