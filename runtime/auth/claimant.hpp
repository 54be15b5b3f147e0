#pragma once

#include "messages/timestamp.hpp"
#include "runtime/auth/snapshot.hpp"
#include "runtime/crypto/sha256.hpp"
#include "runtime/scopes/scope.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// Who stands behind the id of a header or bewit: what its signature is to be checked with, and
/// what it may do if that is good.
struct claimant {
  const auth_snapshot::client* client = nullptr;  ///< the one that is stored: the issuer, or itself
  std::optional<hmac_key> derived_key;            ///< of temporary credentials
  scope_set_ptr scopes;                           ///< with what everybody has
  timestamp expires;                              ///< the earlier of client and certificate

  const hmac_key& key() const { return derived_key ? *derived_key : client->key(); }
};

/// Loads a client that may be used now. The text is the message of the failure (auth contract,
/// section 2), or empty.
std::string load_client(const auth_snapshot& clients, std::string_view id, timestamp now,
                        const auth_snapshot::client*& out);

/// Loads the client behind an id and applies `ext`: certificate and narrowed scopes (auth contract,
/// section 4); as above.
std::string load_claimant(const auth_snapshot& clients, std::string_view id, std::string_view ext,
                          timestamp now, claimant& out);

}  // namespace troupe
