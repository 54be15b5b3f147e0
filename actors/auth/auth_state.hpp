#pragma once

#include "runtime/auth/snapshot.hpp"

#include <map>
#include <string>
#include <vector>

namespace troupe {

/// A client as its owner knows it: what requests need of it, and what people want to know.
struct auth_client {
  client_record record;
  std::string description;
  bool is_static = false;  ///< from configuration: nobody can change it over the API
};

/// What a server has by configuration: clients, and what everybody may do.
struct auth_setup {
  std::vector<auth_client> static_clients;
  scope_list anonymous_scopes;
};

/// All clients and roles.
struct auth_state {
  std::map<std::string, auth_client, std::less<>> clients;  ///< by clientId
  std::map<std::string, scope_list, std::less<>> roles;     ///< scopes by roleId
};

}  // namespace troupe
