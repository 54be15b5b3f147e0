#include "runtime/auth/snapshot.hpp"

#include "runtime/scopes/role_index.hpp"

#include <algorithm>
#include <atomic>
#include <unordered_set>

namespace troupe {

namespace {

constexpr std::string_view everybody = "assume:anonymous";

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool consists_of(std::string_view text, std::string_view punctuation) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter_or_digit(c) || punctuation.find(c) != std::string_view::npos;
  });
}

api_error unusable(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

outcome<void> check_scopes(const std::string& of, const scope_list& scopes) {
  for (const auto& scope : scopes) {
    if (!is_valid_scope(scope))
      return unusable(of + " has a scope with characters other than printable ASCII");
    if (scope.ends_with("**"))
      return unusable(of + " has the scope '" + scope + "': scopes must not end with `**`");
  }
  return boost::system::in_place_value;
}

outcome<void> check_client(const client_record& record) {
  const auto name = "client '" + record.client_id + "'";
  if (!is_valid_client_id(record.client_id))
    return unusable(name + ": an id consists of letters, digits and !@/:.+|_-");
  if (record.access_token.size() < 22 || record.access_token.size() > 66 ||
      !consists_of(record.access_token, "_-"))
    return unusable(name +
                    ": its access token must be 22 to 66 letters, digits, underscores and dashes");
  return check_scopes(name, record.scopes);
}

}  // namespace

auth_snapshot::auth_snapshot(const std::vector<client_record>& clients, std::vector<role> roles)
    : serial_(next_serial()),
      roles_(std::move(roles)),
      anonymous_(std::make_shared<const scope_set>(
          scope_set::of_normalised(roles_.expand({std::string{everybody}})))) {
  for (const auto& record : clients)
    put(record);
}

auth_snapshot::auth_snapshot(role_expander roles, scope_set_ptr anonymous, client_map kept)
    : serial_(next_serial()),
      roles_(std::move(roles)),
      anonymous_(std::move(anonymous)),
      clients_(std::move(kept)) {}

void auth_snapshot::put(const client_record& record) {
  auto expanded = roles_.expand(record.scopes);
  auto all = with_anonymous(expanded);
  clients_.insert_or_assign(
      record.client_id,
      std::make_shared<const client>(
          client{record.client_id, hmac_key{record.access_token},
                 std::make_shared<const scope_set>(scope_set::of_normalised(std::move(expanded))),
                 std::move(all), record.expires, record.disabled, record.scopes,
                 std::make_shared<std::atomic<std::int64_t>>(record.last_used.ms)}));
}

auth_snapshot_ptr auth_snapshot::with_roles(role_expander roles) const {
  auto anonymous = std::make_shared<const scope_set>(
      scope_set::of_normalised(roles.expand({std::string{everybody}})));
  const bool same_for_all = anonymous->list() == anonymous_->list();
  const std::shared_ptr<auth_snapshot> next{
      new auth_snapshot{std::move(roles), same_for_all ? anonymous_ : std::move(anonymous), {}}};
  next->clients_.reserve(clients_.size());
  for (const auto& [id, known] : clients_) {
    const bool untouched = same_for_all && std::none_of(known->scopes.begin(), known->scopes.end(),
                                                        detail::may_assume);
    if (untouched) {
      next->clients_.emplace(id, known);
      continue;
    }
    auto made = std::make_shared<client>(*known);
    auto expanded = next->roles_.expand(known->scopes);
    made->with_anonymous = next->with_anonymous(expanded);
    made->expanded =
        std::make_shared<const scope_set>(scope_set::of_normalised(std::move(expanded)));
    next->clients_.emplace(id, std::move(made));
  }
  return next;
}

auth_snapshot_ptr auth_snapshot::with_changes(const std::vector<client_record>& added,
                                              const std::vector<std::string>& removed) const {
  auto kept = clients_;
  for (const auto& client_id : removed)
    kept.erase(client_id);
  const std::shared_ptr<auth_snapshot> next{new auth_snapshot{roles_, anonymous_, std::move(kept)}};
  for (const auto& record : added)
    next->put(record);
  return next;
}

const auth_snapshot::client* auth_snapshot::find(std::string_view client_id) const {
  const auto found = clients_.find(client_id);
  return found == clients_.end() ? nullptr : found->second.get();
}

scope_set_ptr auth_snapshot::with_anonymous(const scope_list& expanded) const {
  return std::make_shared<const scope_set>(
      scope_set::of_normalised(merge_normalised(expanded, anonymous_->list())));
}

scope_set_ptr auth_snapshot::expand_with_anonymous(const scope_list& scopes) const {
  return with_anonymous(roles_.expand(scopes));
}

outcome<auth_snapshot_ptr> make_snapshot(const std::vector<client_record>& clients,
                                         std::vector<role> roles) {
  std::unordered_set<std::string_view> ids;
  for (const auto& record : clients) {
    TROUPE_CHECK(check_client(record));
    if (!ids.insert(record.client_id).second)
      return unusable("client '" + record.client_id + "' is given twice");
  }
  ids.clear();
  for (const auto& entry : roles) {
    if (entry.role_id.empty() || !is_valid_scope(entry.role_id))
      return unusable("role '" + entry.role_id + "': an id consists of printable ASCII");
    TROUPE_CHECK(check_scopes("role '" + entry.role_id + "'", entry.scopes));
    if (!ids.insert(entry.role_id).second)
      return unusable("role '" + entry.role_id + "' is given twice");
  }
  TROUPE_CHECK(check_roles(roles));
  return auth_snapshot_ptr{std::make_shared<const auth_snapshot>(clients, std::move(roles))};
}

bool is_valid_client_id(std::string_view text) {
  return !text.empty() && consists_of(text, "!@/:.+|_-");
}

}  // namespace troupe
