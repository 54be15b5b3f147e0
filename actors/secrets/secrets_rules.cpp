#include "actors/secrets/secrets_rules.hpp"

#include "messages/json_text.hpp"
#include "messages/json_walk.hpp"

namespace troupe {

std::string_view action_of_set(const secrets_state& state, std::string_view name, timestamp now) {
  return find_secret(state, name, now) == nullptr ? "created" : "updated";
}

void apply_set(secrets_state& state, const std::string& name, secret_row row) {
  apply_remove(state, name);
  state.by_expiry.emplace(row.expires, name);
  state.rows.emplace(name, std::move(row));
}

bool apply_remove(secrets_state& state, const std::string& name) {
  const auto found = state.rows.find(name);
  if (found == state.rows.end())
    return false;
  state.by_expiry.erase({found->second.expires, name});
  state.rows.erase(found);
  return true;
}

const secret_row* find_secret(const secrets_state& state, std::string_view name, timestamp now) {
  const auto found = state.rows.find(name);
  return found == state.rows.end() || found->second.expires < now ? nullptr : &found->second;
}

secret_page list_names(const secrets_state& state, const std::optional<std::string>& after,
                       std::uint32_t limit, timestamp now) {
  secret_page page;
  auto at = after ? state.rows.upper_bound(*after) : state.rows.begin();
  for (; at != state.rows.end(); ++at) {
    if (at->second.expires < now)
      continue;
    if (page.names.size() == limit) {
      page.next = page.names.back();
      break;
    }
    page.names.push_back(at->first);
  }
  return page;
}

std::vector<std::string> take_expired(secrets_state& state, timestamp now) {
  std::vector<std::string> expired;
  while (!state.by_expiry.empty() && state.by_expiry.begin()->first < now) {
    expired.push_back(state.by_expiry.begin()->second);
    apply_remove(state, expired.back());
  }
  return expired;
}

std::optional<timestamp> next_expiry(const secrets_state& state) {
  if (state.by_expiry.empty())
    return std::nullopt;
  return state.by_expiry.begin()->first + std::chrono::milliseconds{1};
}

// -- texts ----------------------------------------------------------------------------------------

std::string secret_row_text(const secret_row& row) {
  return R"({"sealed":")" + row.sealed + R"(","expires":)" + std::to_string(row.expires.ms) + "}";
}

secret_row read_secret_row(std::string_view text) {
  secret_row row;
  auto members = json_walk::members(text);
  while (members.next()) {
    if (members.key() == "sealed")
      read_json_string(members.value(), row.sealed);
    else if (members.key() == "expires")
      read_json_number(members.value(), row.expires.ms);
  }
  return row;
}

std::string names_text(const std::vector<std::string>& names) {
  std::string text{R"({"secrets":[)"};
  for (const auto& name : names) {
    if (!text.ends_with('['))
      text += ',';
    append_json_string(text, name);
  }
  text += "]}";
  return text;
}

}  // namespace troupe
