#include "runtime/objects/content_hashes.hpp"

#include "runtime/crypto/base64.hpp"

#include <openssl/evp.h>
#include <boost/json.hpp>

#include <array>
#include <utility>

namespace troupe {

namespace json = boost::json;

namespace {

api_error conflict(std::string text) {
  return make_api_error(error_code::request_conflict, std::move(text));
}

json::object read_hashes(std::string_view text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return failed || !value.is_object() ? json::object{} : std::move(value.get_object());
}

std::string digest_of(const EVP_MD* algorithm, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, algorithm, nullptr);
  return hex(std::string_view{reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace

outcome<std::string> merge_hashes(std::string_view known, std::string_view given, bool open) {
  auto all = read_hashes(known);
  for (const auto& [algorithm, hash] : read_hashes(given)) {
    const auto* before = all.if_contains(algorithm);
    if (before != nullptr && *before != hash)
      return conflict("Content hash '" + std::string{algorithm} +
                      "' already exists with a different value.");
    if (before == nullptr && !open)
      return conflict("The upload is finished: content hash '" + std::string{algorithm} +
                      "' can no longer be added.");
    all[algorithm] = hash;
  }
  return all.empty() ? std::string{} : json::serialize(all);
}

seen_hashes hashes_of(std::string_view bytes) {
  return {digest_of(EVP_sha256(), bytes), digest_of(EVP_sha512(), bytes)};
}

outcome<void> check_hashes(std::string_view said, const seen_hashes& seen) {
  const auto all = read_hashes(said);
  for (const auto& [algorithm, value] :
       {std::pair{"sha256", &seen.sha256}, std::pair{"sha512", &seen.sha512}}) {
    const auto* hash = all.if_contains(algorithm);
    if (hash == nullptr || value->empty() || *hash == json::string{*value})
      continue;
    const auto text = hash->is_string() ? std::string{hash->get_string()} : json::serialize(*hash);
    return make_api_error(error_code::input_error,
                          "The " + std::string{algorithm} + " of what was uploaded is " + *value +
                              ", but by the hashes of the upload it should be " + text +
                              ". Upload the right data, or begin another upload.");
  }
  return boost::system::in_place_value;
}

std::string hash_by(std::string_view hashes, std::string_view algorithm) {
  const auto known = read_hashes(hashes);
  const auto* found = known.if_contains(algorithm);
  return found != nullptr && found->is_string() ? std::string{found->get_string()} : std::string{};
}

}  // namespace troupe
