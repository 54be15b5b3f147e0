#include "gateways/rest/page_tokens.hpp"

#include "runtime/config/server_key.hpp"
#include "runtime/crypto/sha256.hpp"

namespace troupe {

namespace {

constexpr std::size_t mac_size = 9;  // 12 characters: enough against guessing, short in URLs

}  // namespace

std::string page_tokens::mac(std::string_view method, std::string_view arguments,
                             std::string_view position) const {
  std::string text{"1"};
  for (auto part : {method, arguments, position}) {
    text += '\n';
    text += std::to_string(part.size());
    text += ':';
    text += part;
  }
  return derive_key(key_, text).substr(0, mac_size);
}

std::string page_tokens::make(std::string_view method, std::string_view arguments,
                              std::string_view position) const {
  return base64url(mac(method, arguments, position) + std::string{position});
}

outcome<std::string> page_tokens::read(std::string_view method, std::string_view arguments,
                                       std::string_view token) const {
  std::string bytes;
  if (decode_base64(token, bytes) && bytes.size() >= mac_size) {
    auto position = bytes.substr(mac_size);
    if (equal_in_constant_time(std::string_view{bytes}.substr(0, mac_size),
                               mac(method, arguments, position)))
      return position;
  }
  return make_api_error(error_code::input_error, "Invalid continuation token");
}

}  // namespace troupe
