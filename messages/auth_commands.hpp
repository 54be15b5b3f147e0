#pragma once

#include "messages/caller.hpp"
#include "messages/reply_handle.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// To the owner of clients and roles: read them, and publish the first snapshot.
struct open_auth {};

/// What somebody wants to read of clients, roles and their history.
enum class auth_reading : std::uint8_t {
  client,          ///< by `id`
  clients,         ///< a page of those whose ids begin with `id`
  role,            ///< by `id`
  roles,           ///< all, as a bare list
  roles_page,      ///< a page of them
  role_ids,        ///< a page of their ids
  entity_history,  ///< what happened to the entity `id` of this `kind`
  client_history,  ///< what the client `id` did
};

/// Answer clients, roles, or what was done to or by them.
struct read_auth {
  auth_reading what = auth_reading::client;
  std::string id;
  std::string kind;                  ///< `client`, `role`, ... of a history
  std::optional<std::string> after;  ///< where the page before ended
  std::uint32_t limit = 0;           ///< of a page; 0: all
  reply_handle reply;
};

/// What is done to a client.
enum class client_action : std::uint8_t { create, update, reset, enable, disable, remove };

/// What a client is to be, by createClient and updateClient.
struct client_form {
  std::optional<std::vector<std::string>> scopes;  ///< nothing: as they are
  std::string description;
  timestamp expires;
  bool delete_on_expiration = false;
};

/// Create or change a client. The caller was authorised, but for the scopes that updateClient adds.
struct change_client {
  client_action what = client_action::create;
  std::string client_id;
  caller_ptr by;
  client_form form;
  reply_handle reply;
};

/// What is done to a role.
enum class role_action : std::uint8_t { create, update, remove };

/// Create or change a role. The caller was authorised, but for the scopes that updateRole adds.
struct change_role {
  role_action what = role_action::create;
  std::string role_id;
  caller_ptr by;
  std::vector<std::string> scopes;
  std::string description;
  reply_handle reply;
};

/// A client was used, for the first time in a while.
struct client_used {
  std::string client_id;
  timestamp at;
};

/// A client may have expired.
struct auth_timer_fired {};

}  // namespace troupe
