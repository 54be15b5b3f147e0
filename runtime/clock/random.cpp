#include "runtime/clock/random.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace troupe {

namespace {

std::array<std::uint8_t, 16> uuid_bytes(random_source& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  return bytes;
}

// Without enough randomness nothing that makes keys may go on.
void fill_from_kernel(std::uint8_t* at, std::size_t size) {
  while (size > 0) {
    const auto got = getrandom(at, size, 0);
    if (got < 0) {
      if (errno == EINTR)
        continue;
      std::abort();
    }
    at += got;
    size -= static_cast<std::size_t>(got);
  }
}

}  // namespace

std::uint64_t random_source::next() {
  std::array<std::uint8_t, 8> bytes{};
  fill(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

void system_random::fill(std::span<std::uint8_t> bytes) {
  if (bytes.size() > sizeof pool_ / 2)
    return fill_from_kernel(bytes.data(), bytes.size());
  if (sizeof pool_ - used_ < bytes.size()) {
    fill_from_kernel(pool_, sizeof pool_);
    used_ = 0;
  }
  std::memcpy(bytes.data(), pool_ + used_, bytes.size());
  std::memset(pool_ + used_, 0, bytes.size());
  used_ += bytes.size();
}

void seeded_random::fill(std::span<std::uint8_t> bytes) {
  for (auto& byte : bytes) {
    state_ += 0x9e3779b97f4a7c15ull;
    auto z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    byte = static_cast<std::uint8_t>(z ^ (z >> 31));
  }
}

std::string make_slugid(random_source& random) {
  static constexpr char alphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  auto bytes = uuid_bytes(random);
  bytes[0] &= 0x7f;
  std::string out(22, 'A');
  std::size_t o = 0;
  for (std::size_t i = 0; i < 15; i += 3) {
    const std::uint32_t v = static_cast<std::uint32_t>(bytes[i]) << 16 |
                            static_cast<std::uint32_t>(bytes[i + 1]) << 8 | bytes[i + 2];
    out[o++] = alphabet[v >> 18];
    out[o++] = alphabet[v >> 12 & 63];
    out[o++] = alphabet[v >> 6 & 63];
    out[o++] = alphabet[v & 63];
  }
  out[o++] = alphabet[bytes[15] >> 2];
  out[o] = alphabet[(bytes[15] & 3) << 4];
  return out;
}

std::string make_uuid(random_source& random) {
  static constexpr char hex[] = "0123456789abcdef";
  const auto bytes = uuid_bytes(random);
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      out += '-';
    out += hex[bytes[i] >> 4];
    out += hex[bytes[i] & 15];
  }
  return out;
}

random_source& thread_random() {
  thread_local system_random source;
  return source;
}

}  // namespace troupe
