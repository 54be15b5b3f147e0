#include "runtime/secrets/secret_ring.hpp"

#include "runtime/crypto/sha256.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace troupe {

namespace {

constexpr std::size_t key_size = 32;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t id_size = 8;
constexpr std::string_view version = "1.";

using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

void demand(int result) {
  if (result != 1)
    throw std::runtime_error("AES-256-GCM failed");
}

// The context with key, nonce and what the text is about.
cipher_context begin(std::string_view key, std::string_view nonce, std::string_view about,
                     bool encrypts) {
  cipher_context made{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
  if (!made)
    throw std::bad_alloc{};
  demand(EVP_CipherInit_ex(made.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce),
                           encrypts ? 1 : 0));
  int written = 0;
  demand(EVP_CipherUpdate(made.get(), nullptr, &written, bytes(about),
                          static_cast<int>(about.size())));
  return made;
}

}  // namespace

void wipe(std::string& text) {
  wipe(text.data(), text.size());
  text.clear();
}

void wipe(char* text, std::size_t size) { OPENSSL_cleanse(text, size); }

outcome<secret_ring> secret_ring::parse(std::string_view text) {
  secret_ring ring;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    auto rest = line.substr(0, line.find('#'));
    for (;;) {
      const auto from = rest.find_first_not_of(" \t\r,");
      if (from == std::string_view::npos)
        break;
      rest.remove_prefix(from);
      const auto word = rest.substr(0, rest.find_first_of(" \t\r,"));
      rest.remove_prefix(word.size());
      key one;
      if (!decode_base64(word, one.bytes) || one.bytes.size() != key_size)
        return make_api_error(error_code::input_error,
                              "a key of secrets is 32 bytes in base64, which one of those given is "
                              "not; 'troupe secrets new-key' makes one");
      one.id = hex(sha256("troupe key of secrets " + one.bytes)).substr(0, id_size);
      ring.keys_.push_back(std::move(one));
    }
  }
  if (ring.keys_.empty())
    return make_api_error(error_code::input_error,
                          "there is no key of secrets; 'troupe secrets new-key' makes one");
  return ring;
}

std::string secret_ring::make_key(random_source& random) {
  std::string key(key_size, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(key.data()), key.size()});
  return base64url(std::string_view{key});
}

secret_ring secret_ring::derived(std::string_view purpose) const {
  secret_ring made;
  for (const auto& from : keys_) {
    const auto bytes = hmac_key{from.bytes}.mac(purpose);
    made.keys_.push_back({from.id, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
  }
  return made;
}

std::string secret_ring::seal(std::string_view plain, std::string_view about,
                              random_source& random) const {
  const auto& with = keys_.front();
  std::string made(nonce_size + plain.size() + tag_size, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(made.data()), nonce_size});
  auto* text = reinterpret_cast<unsigned char*>(made.data()) + nonce_size;
  const auto context = begin(with.bytes, std::string_view{made}.substr(0, nonce_size), about, true);
  int written = 0;
  demand(EVP_CipherUpdate(context.get(), text, &written, bytes(plain),
                          static_cast<int>(plain.size())));
  int last = 0;
  demand(EVP_CipherFinal_ex(context.get(), text + written, &last));
  demand(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_size, text + plain.size()));
  return std::string{version} + with.id + "." + base64url(std::string_view{made});
}

std::optional<std::string> secret_ring::open(std::string_view sealed,
                                             std::string_view about) const {
  const auto* with = find(key_of(sealed));
  std::string read;
  if (with == nullptr || !decode_base64(sealed.substr(version.size() + id_size + 1), read) ||
      read.size() < nonce_size + tag_size)
    return std::nullopt;
  const std::string_view parts = read;
  const auto size = read.size() - nonce_size - tag_size;
  const auto context = begin(with->bytes, parts.substr(0, nonce_size), about, false);
  std::string plain(size, '\0');
  auto* text = reinterpret_cast<unsigned char*>(plain.data());
  int written = 0;
  demand(EVP_CipherUpdate(context.get(), text, &written, bytes(parts.substr(nonce_size)),
                          static_cast<int>(size)));
  auto tag = read.substr(nonce_size + size);
  demand(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_size, tag.data()));
  int last = 0;
  if (EVP_CipherFinal_ex(context.get(), text + written, &last) == 1)
    return plain;
  wipe(plain);
  return std::nullopt;
}

std::string_view secret_ring::key_of(std::string_view sealed) {
  const auto end = version.size() + id_size;
  if (!sealed.starts_with(version) || sealed.size() <= end || sealed[end] != '.')
    return {};
  return sealed.substr(version.size(), id_size);
}

const secret_ring::key* secret_ring::find(std::string_view id) const {
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [&](const key& one) { return one.id == id; });
  return found == keys_.end() ? nullptr : &*found;
}

}  // namespace troupe
