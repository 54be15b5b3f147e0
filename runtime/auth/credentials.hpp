#pragma once

#include "messages/timestamp.hpp"
#include "runtime/crypto/sha256.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What a client signs its requests with.
struct credentials {
  std::string client_id;
  std::string access_token;
  std::string certificate;  ///< JSON text of temporary credentials; empty for permanent ones

  friend bool operator==(const credentials&, const credentials&) = default;
};

/// Where a request goes, as both sides of a signature see it.
struct signed_target {
  std::string_view verb;      ///< in any case
  std::string_view resource;  ///< raw path with query
  std::string_view host;      ///< in any case, without port
  std::string_view port;
};

/// The `Authorization` header of a request (auth contract, section 2). `nonce` must be fresh.
/// `authorized_scopes` narrows what the request may do; `hash` is the `payload_hash` of the body if
/// the body is to be protected, too. A certificate that is not JSON is refused by the server.
std::string sign_header(const credentials& by, const signed_target& target, timestamp now,
                        std::string_view nonce,
                        const std::optional<std::vector<std::string>>& authorized_scopes = {},
                        std::string_view hash = {});

/// The `bewit` that lets anybody GET the resource until `expires` (auth contract, section 3).
std::string make_bewit(const credentials& by, std::string_view resource, std::string_view host,
                       std::string_view port, timestamp expires,
                       const std::optional<std::vector<std::string>>& authorized_scopes = {});

/// The text whose MAC a header (kind `header`) or bewit (`bewit`) carries; each part ends in a
/// newline.
std::string normalised_request(std::string_view kind, std::string_view ts, std::string_view nonce,
                               const signed_target& target, std::string_view hash,
                               std::string_view ext, std::string_view app = {},
                               std::string_view dlg = {});

/// As above, appended to `out`.
void append_normalised_request(std::string& out, std::string_view kind, std::string_view ts,
                               std::string_view nonce, const signed_target& target,
                               std::string_view hash, std::string_view ext,
                               std::string_view app = {}, std::string_view dlg = {});

/// The hash of a body that a header may carry (api-conventions, section 14).
std::string payload_hash(std::string_view body, std::string_view content_type);

/// The host and port of a root URL as a signature needs them: `{"example.com", "443"}`.
struct host_and_port {
  std::string host;
  std::string port;
};
host_and_port split_root_url(std::string_view root_url);

}  // namespace troupe
