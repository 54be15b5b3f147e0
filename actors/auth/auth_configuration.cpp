// Clients and roles that exist by configuration.

#include "actors/auth/auth_rules.hpp"
#include "actors/auth/builtin_clients.hpp"

#include <algorithm>

namespace troupe {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view taskcluster = "static/taskcluster/";
constexpr std::string_view static_note =
    "\n---\n\nThis is a **static client** inserted into this taskcluster deployment\nthrough "
    "static configuration. To modify this client you must contact the\nadministrator who deploys "
    "this taskcluster instance.";
constexpr auto thousand_years = std::chrono::hours{24 * 365'250};

using client_map = std::map<std::string, client_row, std::less<>>;

api_error bad_configuration(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

// What clients of the program itself may do is the program's affair.
outcome<scope_list> scopes_of(const auth_client& client) {
  const std::string_view id = client.record.client_id;
  if (!id.starts_with(taskcluster))
    return client.record.scopes;
  const auto& all = builtin_clients();
  const auto found = std::find_if(all.begin(), all.end(), [&](const builtin_client& one) {
    return one.name == id.substr(taskcluster.size());
  });
  if (found == all.end())
    return bad_configuration(
        "static-clients: Incorrect `static/taskcluster` static clients in STATIC_CLIENTS; extra "
        "clients [\"" +
        std::string{id} + "\"]; choose an id that does not begin with static/taskcluster/");
  if (!client.record.scopes.empty() && normalise(client.record.scopes) != normalise(found->scopes))
    return bad_configuration(
        "static-clients: scopes are not allowed in configuration for static/taskcluster clients; "
        "leave out the scopes of '" +
        std::string{id} + "'");
  return found->scopes;
}

void add_builtin(const auth_setup& setup, client_map& wanted) {
  if (!setup.token_of)
    return;
  for (const auto& one : builtin_clients()) {
    const auto id = std::string{taskcluster} + std::string{one.name};
    if (wanted.contains(id))
      continue;
    auto& row = wanted[id];
    row.access_token = setup.token_of(id);
    row.scopes = one.scopes;
    row.description = "Internal client";
  }
}

outcome<client_map> wanted_clients(const auth_setup& setup) {
  client_map wanted;
  for (const auto& client : setup.static_clients) {
    const auto& id = client.record.client_id;
    if (!id.starts_with("static/"))
      return bad_configuration("static-clients: the id of '" + id +
                               "' must begin with static/, which nobody else can use");
    auto [at, fresh] = wanted.try_emplace(id);
    if (!fresh)
      return bad_configuration("static-clients: client '" + id +
                               "' is given twice, or is one that every server has; leave one out");
    TROUPE_TRY(at->second.scopes, scopes_of(client));
    at->second.access_token = client.record.access_token;
    at->second.description = client.description;
  }
  add_builtin(setup, wanted);
  for (auto& [id, row] : wanted) {
    row.description += static_note;
    row.is_static = true;
  }
  return wanted;
}

// The row as it should be, given the one that is stored, if one is.
client_row settled(client_row wanted, const client_row* stored, timestamp now) {
  wanted.created = wanted.last_modified = wanted.last_rotated = wanted.last_used = now;
  wanted.expires = now + thousand_years;
  if (stored == nullptr)
    return wanted;
  const bool same_token = stored->access_token == wanted.access_token;
  const bool same = same_token && stored->is_static && stored->scopes == wanted.scopes &&
                    stored->description == wanted.description;
  wanted.created = stored->created;
  wanted.expires = stored->is_static ? stored->expires : wanted.expires;
  wanted.last_used = stored->last_used;
  wanted.last_modified = same ? stored->last_modified : std::max(now, stored->last_modified + 1ms);
  wanted.last_rotated = same_token ? stored->last_rotated : wanted.last_modified;
  return wanted;
}

outcome<void> settle_anonymous(const auth_state& stored, const auth_setup& setup, timestamp now,
                               std::vector<auth_change>& changes) {
  const auto found = stored.roles.find("anonymous");
  const bool is_there = found != stored.roles.end();
  if (is_there && !found->second.is_configured)
    return boost::system::in_place_value;  // somebody changed it, who must have the last word
  if (setup.anonymous_scopes.empty() && !is_there)
    return boost::system::in_place_value;
  if (is_there && found->second.scopes == setup.anonymous_scopes)
    return boost::system::in_place_value;
  auth_change change;
  change.role_id = "anonymous";
  if (setup.anonymous_scopes.empty()) {
    change.expander = stored.expander.without(change.role_id);
  } else {
    TROUPE_TRY(change.expander, stored.expander.with({change.role_id, setup.anonymous_scopes}));
    change.role =
        role_row{setup.anonymous_scopes, "What everybody may do, by the setting anonymous-scopes.",
                 is_there ? found->second.created : now, now, true};
  }
  changes.push_back(std::move(change));
  return boost::system::in_place_value;
}

}  // namespace

outcome<std::vector<auth_change>> settle_configuration(const auth_state& stored,
                                                       const auth_setup& setup, timestamp now) {
  TROUPE_TRY(auto wanted, wanted_clients(setup));
  std::vector<auth_change> changes;
  for (auto& [id, row] : wanted) {
    const auto found = stored.clients.find(id);
    const auto* known = found == stored.clients.end() ? nullptr : &found->second;
    auto made = settled(std::move(row), known, now);
    if (known != nullptr && *known == made)
      continue;
    auth_change change;
    change.client_id = id;
    change.client = std::move(made);
    changes.push_back(std::move(change));
  }
  for (const auto& [id, row] : stored.clients)
    if (row.is_static && !wanted.contains(id)) {
      auth_change change;
      change.client_id = id;
      changes.push_back(std::move(change));
    }
  TROUPE_CHECK(settle_anonymous(stored, setup, now, changes));
  return changes;
}

}  // namespace troupe
