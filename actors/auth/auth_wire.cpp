#include "actors/auth/auth_wire.hpp"

#include "messages/json_text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

void append_scopes(std::string& out, const scope_list& scopes) {
  out += '[';
  for (const auto& scope : scopes) {
    if (out.back() != '[')
      out += ',';
    append_json_string(out, scope);
  }
  out += ']';
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += out.empty() || out.back() == '{' ? "\"" : ",\"";
  out += name;
  out += "\":";
  append_json_string(out, text);
}

void append_member(std::string& out, std::string_view name, timestamp when) {
  append_member(out, name, std::string_view{to_iso(when)});
}

void append_member(std::string& out, std::string_view name, bool value) {
  out += ",\"";
  out += name;
  out += value ? "\":true" : "\":false";
}

void append_member(std::string& out, std::string_view name, const scope_list& scopes) {
  out += ",\"";
  out += name;
  out += "\":";
  append_scopes(out, scopes);
}

scope_list sorted(scope_list scopes) {
  std::sort(scopes.begin(), scopes.end(),
            [](const auto& a, const auto& b) { return scope_less(a, b); });
  return scopes;
}

void append_dates(std::string& out, const client_row& row) {
  append_member(out, "expires", row.expires);
  append_member(out, "created", row.created);
  append_member(out, "lastModified", row.last_modified);
  append_member(out, "lastDateUsed", row.last_used);
  append_member(out, "lastRotated", row.last_rotated);
  append_member(out, "deleteOnExpiration", row.delete_on_expiration);
  append_member(out, "disabled", row.disabled);
}

std::string client_json(std::string_view client_id, const client_row& row,
                        const role_expander& roles, bool with_token) {
  std::string out = "{";
  append_member(out, "clientId", client_id);
  if (with_token)
    append_member(out, "accessToken", row.access_token);
  append_member(out, "description", row.description);
  append_dates(out, row);
  append_member(out, "scopes", sorted(row.scopes));
  append_member(out, "expandedScopes", roles.expand(row.scopes));
  out += '}';
  return out;
}

api_error unreadable(std::string_view what) {
  return make_api_error(error_code::internal_server_error,
                        "the stored row has no good member '" + std::string{what} + "'");
}

outcome<json::object> read_object(std::string_view text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  if (failed || !value.is_object())
    return make_api_error(error_code::internal_server_error, "the stored row is no JSON object");
  return std::move(value.get_object());
}

outcome<std::string> read_text(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  if (value == nullptr || !value->is_string())
    return unreadable(name);
  return std::string{value->get_string()};
}

outcome<timestamp> read_date(const json::object& from, std::string_view name) {
  TROUPE_TRY(const auto text, read_text(from, name));
  const auto date = parse_date_time(text);
  if (!date)
    return unreadable(name);
  return *date;
}

outcome<scope_list> read_scopes(const json::object& from) {
  const auto* value = from.if_contains("scopes");
  if (value == nullptr || !value->is_array())
    return unreadable("scopes");
  scope_list scopes;
  scopes.reserve(value->get_array().size());
  for (const auto& entry : value->get_array()) {
    if (!entry.is_string())
      return unreadable("scopes");
    scopes.emplace_back(entry.get_string());
  }
  return scopes;
}

bool read_flag(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

}  // namespace

std::string client_reply_with_token(std::string_view client_id, const client_row& row,
                                    const role_expander& roles) {
  return client_json(client_id, row, roles, true);
}

std::string client_reply(std::string_view client_id, const client_row& row,
                         const role_expander& roles) {
  return client_json(client_id, row, roles, false);
}

std::string role_reply(std::string_view role_id, const role_row& row, const role_expander& roles) {
  std::string out = "{";
  append_member(out, "roleId", role_id);
  append_member(out, "description", row.description);
  append_member(out, "created", row.created);
  append_member(out, "lastModified", row.last_modified);
  append_member(out, "scopes", sorted(row.scopes));
  append_member(out, "expandedScopes", roles.expand({"assume:" + std::string{role_id}}));
  out += '}';
  return out;
}

std::string client_event(std::string_view client_id) {
  std::string out = R"({"version":1)";
  append_member(out, "clientId", client_id);
  return out += '}';
}

std::string role_event(std::string_view role_id) {
  std::string out = R"({"version":1)";
  append_member(out, "roleId", role_id);
  return out += '}';
}

std::string write_client_row(const client_row& row, std::string_view sealed_token) {
  std::string out = "{";
  append_member(out, "description", row.description);
  append_dates(out, row);
  append_member(out, "static", row.is_static);
  append_member(out, "scopes", row.scopes);
  append_member(out, "token", sealed_token);
  return out += '}';
}

std::string write_role_row(const role_row& row) {
  std::string out = "{";
  append_member(out, "description", row.description);
  append_member(out, "created", row.created);
  append_member(out, "lastModified", row.last_modified);
  append_member(out, "configured", row.is_configured);
  append_member(out, "scopes", row.scopes);
  return out += '}';
}

outcome<client_row> read_client_row(std::string_view text, std::string& sealed_token) {
  TROUPE_TRY(const auto from, read_object(text));
  client_row row;
  TROUPE_TRY(row.description, read_text(from, "description"));
  TROUPE_TRY(row.expires, read_date(from, "expires"));
  TROUPE_TRY(row.created, read_date(from, "created"));
  TROUPE_TRY(row.last_modified, read_date(from, "lastModified"));
  TROUPE_TRY(row.last_used, read_date(from, "lastDateUsed"));
  TROUPE_TRY(row.last_rotated, read_date(from, "lastRotated"));
  TROUPE_TRY(row.scopes, read_scopes(from));
  TROUPE_TRY(sealed_token, read_text(from, "token"));
  row.delete_on_expiration = read_flag(from, "deleteOnExpiration");
  row.disabled = read_flag(from, "disabled");
  row.is_static = read_flag(from, "static");
  return row;
}

outcome<role_row> read_role_row(std::string_view text) {
  TROUPE_TRY(const auto from, read_object(text));
  role_row row;
  TROUPE_TRY(row.description, read_text(from, "description"));
  TROUPE_TRY(row.created, read_date(from, "created"));
  TROUPE_TRY(row.last_modified, read_date(from, "lastModified"));
  TROUPE_TRY(row.scopes, read_scopes(from));
  row.is_configured = read_flag(from, "configured");
  return row;
}

std::string audit_entry(std::string_view by, std::string_view action, timestamp when,
                        std::string_view kind, std::string_view id) {
  std::string out = "{";
  append_member(out, "clientId", by);
  append_member(out, "actionType", action);
  append_member(out, "created", when);
  append_member(out, "entityId", id);
  append_member(out, "entityType", kind);
  return out += '}';
}

}  // namespace troupe
