#pragma once

#include "messages/timestamp.hpp"
#include "runtime/auth/snapshot.hpp"
#include "runtime/secrets/secret_ring.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// A client as its owner knows it: what requests need of it, and what people want to know.
struct client_row {
  std::string access_token;
  std::string description;
  scope_list scopes;  ///< in the order in which they were given
  timestamp expires;
  timestamp created;
  timestamp last_modified;
  timestamp last_rotated;
  timestamp last_used;
  bool delete_on_expiration = false;
  bool disabled = false;
  bool is_static = false;  ///< from configuration: nobody can change it over the API

  friend bool operator==(const client_row&, const client_row&) = default;
};

/// A role as its owner knows it.
struct role_row {
  scope_list scopes;
  std::string description;
  timestamp created;
  timestamp last_modified;
  bool is_configured = false;  ///< from configuration, and not changed over the API since

  friend bool operator==(const role_row&, const role_row&) = default;
};

/// A client that exists by configuration.
struct auth_client {
  client_record record;
  std::string description;
};

/// What a server has by configuration: clients, and what everybody may do.
struct auth_setup {
  std::vector<auth_client> static_clients;
  scope_list anonymous_scopes;
  /// Tokens of the clients every server has, where the configuration gives none; empty: these
  /// clients are left out.
  std::function<std::string(std::string_view client_id)> token_of;
  std::shared_ptr<const secret_ring> token_keys;  ///< seal access tokens at rest
  std::string former_token_key;  ///< 32 bytes that sealed them before there was a ring
};

/// All clients and roles.
struct auth_state {
  std::map<std::string, client_row, std::less<>> clients;  ///< by clientId
  std::map<std::string, role_row, std::less<>> roles;      ///< by roleId
  role_expander expander;                                  ///< of these roles
  /// Those clients that are removed when they expire, by that time.
  std::set<std::pair<timestamp, std::string>> by_expiry;
};

/// What becomes of one client or one role.
struct auth_change {
  std::string client_id;             ///< empty: of no client
  std::optional<client_row> client;  ///< nothing: it is removed
  std::string role_id;               ///< empty: of no role
  std::optional<role_row> role;      ///< nothing: it is removed
  role_expander expander;            ///< of the roles with this change

  bool is_of_client() const { return !client_id.empty(); }
};

/// What a command comes to.
struct auth_decision {
  std::optional<auth_change> change;  ///< nothing: what was asked for is so already
  std::string_view event;             ///< `client-created`, ...
  std::string_view action;            ///< of the audit entry: `created`, ...
  int status = 200;
  std::string reply;
};

}  // namespace troupe
