#pragma once

#include "messages/timestamp.hpp"
#include "runtime/auth/credentials.hpp"
#include "runtime/crypto/sha256.hpp"
#include "runtime/scopes/scope.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// Who issues temporary credentials, with its key made ready.
class credential_issuer {
 public:
  /// Nobody yet: to be assigned to before it issues anything.
  credential_issuer() = default;
  credential_issuer(std::string client_id, std::string_view access_token);

  /// Temporary credentials (auth contract 4.2), valid from `start` to `expiry`, at most 31 days.
  /// Named ones carry `client_id`, for which the issuer must hold `auth:create-client:<client_id>`;
  /// with an empty one they are unnamed and carry the issuer's. `seed` is 44 fresh characters, two
  /// slugids.
  credentials issue(std::string_view client_id, const scope_list& scopes, timestamp start,
                    timestamp expiry, std::string_view seed) const;

  const std::string& client_id() const { return client_id_; }

 private:
  std::string client_id_;
  std::optional<hmac_key> key_;
};

/// The text that the signature of a certificate covers; an empty name is an unnamed certificate.
std::string certificate_text(std::string_view name, std::string_view issuer, std::string_view seed,
                             std::string_view start, std::string_view expiry,
                             const scope_list& scopes);

/// Credentials as API answers carry them: an object whose certificate is a JSON string.
std::string credentials_json(const credentials& made);

}  // namespace troupe
