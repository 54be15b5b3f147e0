#include "tests/bench/hawk.hpp"

#include "tests/bench/text.hpp"

#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

namespace troupe_load {

namespace {

constexpr std::size_t block_size = 64;

void begin_padded(SHA256_CTX& context, const std::uint8_t* key, std::uint8_t mask) {
  std::uint8_t pad[block_size];
  for (std::size_t i = 0; i < block_size; ++i)
    pad[i] = key[i] ^ mask;
  SHA256_Init(&context);
  SHA256_Update(&context, pad, block_size);
}

}  // namespace

hawk_key::hawk_key(std::string_view key) {
  std::uint8_t padded[block_size] = {};
  if (key.size() > block_size)
    SHA256(reinterpret_cast<const std::uint8_t*>(key.data()), key.size(), padded);
  else
    std::memcpy(padded, key.data(), key.size());
  begin_padded(inner_, padded, 0x36);
  begin_padded(outer_, padded, 0x5c);
}

std::array<std::uint8_t, 32> hawk_key::mac(std::string_view message) const {
  std::array<std::uint8_t, 32> digest;
  auto context = inner_;
  SHA256_Update(&context, message.data(), message.size());
  SHA256_Final(digest.data(), &context);
  context = outer_;
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

credentials make_credentials(std::string client_id, std::string_view access_token,
                             std::string_view certificate) {
  credentials result{std::move(client_id), hawk_key{access_token}, {}};
  if (!certificate.empty())
    result.ext = to_base64("{\"certificate\":" + std::string{certificate} + "}");
  return result;
}

void append_hawk(std::string& out, const signed_parts& parts, const credentials& by,
                 std::uint64_t nonce) {
  thread_local std::string text;  // keeps its memory from request to request
  char ts[24];
  const std::string_view seconds(
      ts, static_cast<std::size_t>(
              std::snprintf(ts, sizeof ts, "%lld", static_cast<long long>(std::time(nullptr)))));
  char letters[8];
  for (char& letter : letters) {
    letter = url_digits[nonce & 63];
    nonce >>= 6;
  }
  const std::string_view once(letters, sizeof letters);
  text = "hawk.1.header\n";
  for (const auto part : {seconds, once, parts.method, parts.path, parts.host, parts.port,
                          parts.payload_hash, std::string_view{by.ext}})
    text.append(part).append("\n");
  const auto mac = by.key.mac(text);
  out.append("Hawk id=\"").append(by.client_id).append("\", ts=\"").append(seconds);
  out.append("\", nonce=\"").append(once);
  if (!parts.payload_hash.empty())
    out.append("\", hash=\"").append(parts.payload_hash);
  if (!by.ext.empty())
    out.append("\", ext=\"").append(by.ext);
  out.append("\", mac=\"");
  append_base64(out, mac.data(), mac.size());
  out.append("\"");
}

std::string hash_payload(std::string_view first, std::string_view second, std::string_view third) {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (const auto piece : {std::string_view{"hawk.1.payload\napplication/json\n"}, first, second,
                           third, std::string_view{"\n"}})
    SHA256_Update(&context, piece.data(), piece.size());
  std::uint8_t digest[32];
  SHA256_Final(digest, &context);
  std::string out;
  append_base64(out, digest, sizeof digest);
  return out;
}

}  // namespace troupe_load
