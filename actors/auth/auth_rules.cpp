#include "actors/auth/auth_rules.hpp"

namespace troupe {

outcome<auth_state> open_auth_with(const auth_setup& setup) {
  auth_state state;
  for (const auto& client : setup.static_clients) {
    auto& made = state.clients[client.record.client_id];
    if (!made.record.client_id.empty())
      return make_api_error(error_code::input_error,
                            "static-clients: client '" + client.record.client_id +
                                "' is given twice, or is one that every server has; leave one out");
    made = client;
    made.is_static = true;
  }
  state.roles["anonymous"] = setup.anonymous_scopes;
  return state;
}

outcome<auth_snapshot_ptr> snapshot_of(const auth_state& state) {
  std::vector<client_record> clients;
  clients.reserve(state.clients.size());
  for (const auto& [id, client] : state.clients)
    clients.push_back(client.record);
  std::vector<role> roles;
  roles.reserve(state.roles.size());
  for (const auto& [id, scopes] : state.roles)
    roles.push_back({id, scopes});
  return make_snapshot(clients, std::move(roles));
}

}  // namespace troupe
