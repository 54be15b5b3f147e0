#include "runtime/blobs/blob_signer.hpp"

#include "runtime/config/server_key.hpp"
#include "runtime/crypto/percent_code.hpp"
#include "runtime/crypto/sha256.hpp"

#include <charconv>
#include <optional>

namespace troupe {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return -1;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

struct url_terms {
  std::string expires;
  std::string content_type;
  std::string signature;
};

std::optional<url_terms> read_terms(std::string_view query) {
  url_terms terms;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto part = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const auto equals = part.find('=');
    if (equals == std::string_view::npos)
      continue;
    auto value = decoded(part.substr(equals + 1));
    if (!value)
      return std::nullopt;
    const auto name = part.substr(0, equals);
    if (name == "expires")
      terms.expires = std::move(*value);
    else if (name == "type")
      terms.content_type = std::move(*value);
    else if (name == "signature")
      terms.signature = std::move(*value);
  }
  return terms;
}

api_error refused(std::string text) {
  return make_api_error(error_code::insufficient_scopes, std::move(text));
}

}  // namespace

std::string blob_signer::signature(std::string_view verb, std::string_view blob_key,
                                   std::string_view expires, std::string_view content_type) const {
  // Lengths in front keep two different requests from giving the same text.
  std::string text;
  for (auto part : {verb, blob_key, expires, content_type}) {
    text += std::to_string(part.size());
    text += ':';
    text += part;
  }
  return keyed_signature(key_, text);
}

std::string blob_signer::put_url(std::string_view blob_key, std::string_view content_type,
                                 timestamp expires) const {
  const auto until = std::to_string(expires.ms);
  auto url = root_url_ + std::string{path_prefix};
  append_percent_encoded(url, blob_key, true);
  url += "?expires=" + until + "&type=";
  append_percent_encoded(url, content_type, false);
  url += "&signature=" + signature("PUT", blob_key, until, content_type);
  return url;
}

std::string blob_signer::get_url(std::string_view blob_key, timestamp expires) const {
  const auto until = std::to_string(expires.ms);
  auto url = root_url_ + std::string{path_prefix};
  append_percent_encoded(url, blob_key, true);
  url += "?expires=" + until + "&signature=" + signature("GET", blob_key, until, {});
  return url;
}

outcome<signed_blob> blob_signer::verify(std::string_view verb, std::string_view blob_key,
                                         std::string_view query, timestamp now) const {
  const auto terms = read_terms(query);
  const auto signed_verb = verb == "PUT" ? std::string_view{"PUT"} : std::string_view{"GET"};
  if (!terms ||
      !equal_in_constant_time(
          terms->signature, signature(signed_verb, blob_key, terms->expires, terms->content_type)))
    return refused("The signature of this URL is not valid: get a new one from the queue");
  std::int64_t until = 0;
  const auto* end = terms->expires.data() + terms->expires.size();
  if (std::from_chars(terms->expires.data(), end, until).ptr != end || until <= now.ms)
    return refused("This URL has expired: get a new one from the queue");
  return signed_blob{std::string{blob_key}, terms->content_type};
}

}  // namespace troupe
