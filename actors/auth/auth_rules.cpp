#include "actors/auth/auth_rules.hpp"

#include "actors/auth/auth_wire.hpp"
#include "messages/caller.hpp"
#include "runtime/scopes/demand.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace troupe {

namespace {

using namespace std::chrono_literals;

// A repeated createClient is taken for the same one within this time.
constexpr auto repeat_time = 15min;

// Tests and scripts compare times of calls that follow each other at once.
timestamp later_than(timestamp before, timestamp now) { return std::max(now, before + 1ms); }

api_error no_client() { return make_api_error(error_code::resource_not_found, "Client not found"); }

outcome<void> require(const caller& by, std::string right, const scope_list& added) {
  std::vector<scope_expression> parts;
  parts.push_back(scope_expression::one(std::move(right)));
  for (const auto& scope : added)
    parts.push_back(scope_expression::one(scope));
  return demand_scopes(by, scope_expression::all(std::move(parts)));
}

auth_decision client_decision(const change_client& command, client_row row,
                              const role_expander& roles) {
  auth_decision made;
  made.event = "client-updated";
  made.reply = client_reply(command.client_id, row, roles);
  made.change.emplace();
  made.change->client_id = command.client_id;
  made.change->client = std::move(row);
  return made;
}

bool is_repeat(const client_row& known, const change_client& command, timestamp now) {
  return known.scopes == command.form.scopes.value_or(scope_list{}) &&
         known.expires == command.form.expires && known.description == command.form.description &&
         !known.disabled && now - known.created < repeat_time;
}

outcome<auth_decision> create(const auth_state& state, const change_client& command, timestamp now,
                              std::string_view fresh_token) {
  auth_decision made;
  made.event = "client-created";
  made.action = "created";
  if (const auto found = state.clients.find(command.client_id); found != state.clients.end()) {
    if (!is_repeat(found->second, command, now))
      return make_api_error(error_code::request_conflict, "Client already exists");
    made.reply = client_reply_with_token(command.client_id, found->second, state.expander);
    return made;
  }
  client_row row;
  row.access_token = fresh_token;
  row.description = command.form.description;
  row.scopes = command.form.scopes.value_or(scope_list{});
  row.expires = command.form.expires;
  row.created = row.last_modified = row.last_rotated = row.last_used = now;
  row.delete_on_expiration = command.form.delete_on_expiration;
  made.reply = client_reply_with_token(command.client_id, row, state.expander);
  made.change.emplace();
  made.change->client_id = command.client_id;
  made.change->client = std::move(row);
  return made;
}

outcome<auth_decision> update(const auth_state& state, const change_client& command, client_row row,
                              timestamp now) {
  const auto& form = command.form;
  // What stands there literally may stay, whoever changes the rest.
  scope_list added;
  for (const auto& scope : form.scopes.value_or(scope_list{}))
    if (std::find(row.scopes.begin(), row.scopes.end(), scope) == row.scopes.end())
      added.push_back(scope);
  TROUPE_CHECK(require(*command.by, "auth:update-client:" + command.client_id, added));
  row.description = form.description;
  row.expires = form.expires;
  row.delete_on_expiration = form.delete_on_expiration;
  if (form.scopes)
    row.scopes = *form.scopes;
  row.last_modified = later_than(row.last_modified, now);
  auto made = client_decision(command, std::move(row), state.expander);
  made.action = "updated";
  return made;
}

outcome<auth_decision> remove_client(const auth_state& state, const change_client& command) {
  auth_decision made;
  made.event = "client-deleted";
  made.action = "deleted";
  made.status = 204;
  if (state.clients.contains(command.client_id)) {
    made.change.emplace();
    made.change->client_id = command.client_id;
  }
  return made;
}

void remove_client(auth_state& state, std::string_view client_id) {
  const auto known = state.clients.find(client_id);
  if (known == state.clients.end())
    return;
  if (known->second.delete_on_expiration)
    state.by_expiry.erase({known->second.expires, known->first});
  state.clients.erase(known);
}

outcome<auth_decision> put_role(const auth_state& state, const change_role& command, role_row row) {
  auth_decision made;
  made.change.emplace();
  auto& change = *made.change;
  TROUPE_TRY(change.expander, state.expander.with({command.role_id, row.scopes}));
  made.reply = role_reply(command.role_id, row, change.expander);
  change.role_id = command.role_id;
  change.role = std::move(row);
  return made;
}

outcome<auth_decision> create(const auth_state& state, const change_role& command, timestamp now) {
  const auto found = state.roles.find(command.role_id);
  auth_decision made;
  if (found != state.roles.end()) {
    const auto as_set = [](const scope_list& of) {
      return std::set<std::string>(of.begin(), of.end());
    };
    if (found->second.description != command.description ||
        as_set(found->second.scopes) != as_set(command.scopes))
      return make_api_error(error_code::request_conflict,
                            "Role with roleId '" + command.role_id + "' already exists");
    made.reply = role_reply(command.role_id, found->second, state.expander);
  } else {
    TROUPE_TRY(made,
               put_role(state, command, {command.scopes, command.description, now, now, false}));
  }
  made.event = "role-created";
  made.action = "created";
  return made;
}

outcome<auth_decision> update(const auth_state& state, const change_role& command, timestamp now) {
  const auto found = state.roles.find(command.role_id);
  if (found == state.roles.end())
    return make_api_error(error_code::resource_not_found,
                          "Role with roleId '" + command.role_id + "' not found");
  // What the role gives already, be it by other roles, anybody may write down.
  const scope_set given{state.expander.expand(found->second.scopes)};
  scope_list added;
  for (const auto& scope : command.scopes)
    if (!given.satisfies(scope))
      added.push_back(scope);
  TROUPE_CHECK(require(*command.by, "auth:update-role:" + command.role_id, added));
  auto row = found->second;
  row.scopes = command.scopes;
  row.description = command.description;
  row.last_modified = later_than(row.last_modified, now);
  row.is_configured = false;
  TROUPE_TRY(auto made, put_role(state, command, std::move(row)));
  made.event = "role-updated";
  made.action = "updated";
  return made;
}

outcome<auth_decision> remove_role(const auth_state& state, const change_role& command) {
  auth_decision made;
  made.event = "role-deleted";
  made.action = "deleted";
  made.status = 204;
  if (state.roles.contains(command.role_id)) {
    made.change.emplace();
    made.change->role_id = command.role_id;
    made.change->expander = state.expander.without(command.role_id);
  }
  return made;
}

}  // namespace

outcome<auth_decision> decide(const auth_state& state, const change_client& command, timestamp now,
                              std::string_view fresh_token) {
  if (command.what == client_action::create)
    return create(state, command, now, fresh_token);
  if (command.what == client_action::remove)
    return remove_client(state, command);
  const auto found = state.clients.find(command.client_id);
  if (found == state.clients.end())
    return no_client();
  if (command.what == client_action::update)
    return update(state, command, found->second, now);
  auto row = found->second;
  row.last_modified = later_than(row.last_modified, now);
  if (command.what == client_action::reset) {
    row.access_token = fresh_token;
    row.last_rotated = row.last_modified;
    auto reply = client_reply_with_token(command.client_id, row, state.expander);
    auto made = client_decision(command, std::move(row), state.expander);
    made.reply = std::move(reply);
    made.action = "access token reset";
    return made;
  }
  row.disabled = command.what == client_action::disable;
  auto made = client_decision(command, std::move(row), state.expander);
  made.action = command.what == client_action::disable ? "client disabled" : "client enabled";
  return made;
}

outcome<auth_decision> decide(const auth_state& state, const change_role& command, timestamp now) {
  switch (command.what) {
    case role_action::create:
      return create(state, command, now);
    case role_action::update:
      return update(state, command, now);
    case role_action::remove:
      break;
  }
  return remove_role(state, command);
}

void put_client(auth_state& state, std::string_view client_id, client_row row) {
  remove_client(state, client_id);
  if (row.delete_on_expiration)
    state.by_expiry.emplace(row.expires, client_id);
  state.clients.emplace(client_id, std::move(row));
}

void apply(auth_state& state, const auth_change& change) {
  if (change.is_of_client()) {
    if (change.client)
      put_client(state, change.client_id, *change.client);
    else
      remove_client(state, change.client_id);
    return;
  }
  if (change.role)
    state.roles.insert_or_assign(change.role_id, *change.role);
  else
    state.roles.erase(change.role_id);
  state.expander = change.expander;
}

role_expander expander_of(const auth_state& state) {
  std::vector<role> roles;
  roles.reserve(state.roles.size());
  for (const auto& [id, row] : state.roles)
    roles.push_back({id, row.scopes});
  return role_expander{std::move(roles)};
}

std::vector<std::string> expired_clients(const auth_state& state, timestamp now) {
  std::vector<std::string> expired;
  for (auto at = state.by_expiry.begin(); at != state.by_expiry.end() && at->first < now; ++at)
    expired.push_back(at->second);
  return expired;
}

std::optional<timestamp> next_expiry(const auth_state& state) {
  return state.by_expiry.empty() ? std::nullopt : std::optional{state.by_expiry.begin()->first};
}

client_record record_of(std::string_view client_id, const client_row& row) {
  return {std::string{client_id}, row.access_token, row.scopes, row.expires,
          row.disabled,           row.last_used};
}

outcome<auth_snapshot_ptr> snapshot_of(const auth_state& state) {
  std::vector<client_record> clients;
  clients.reserve(state.clients.size());
  for (const auto& [id, row] : state.clients)
    clients.push_back(record_of(id, row));
  return make_snapshot(clients, state.expander);
}

auth_snapshot_ptr snapshot_after(auth_snapshot_ptr before,
                                 const std::vector<const auth_change*>& changes) {
  std::map<std::string_view, const std::optional<client_row>*> clients;
  const role_expander* roles = nullptr;
  for (const auto* change : changes) {
    if (change->is_of_client())
      clients[change->client_id] = &change->client;
    else
      roles = &change->expander;
  }
  if (roles != nullptr)
    before = before->with_roles(*roles);
  std::vector<client_record> put;
  std::vector<std::string> removed;
  for (const auto& [id, row] : clients) {
    if (*row)
      put.push_back(record_of(id, **row));
    else
      removed.emplace_back(id);
  }
  return clients.empty() ? before : before->with_changes(put, removed);
}

}  // namespace troupe
