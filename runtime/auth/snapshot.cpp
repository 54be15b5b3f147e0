#include "runtime/auth/snapshot.hpp"

#include "runtime/scopes/role_index.hpp"

#include <algorithm>
#include <atomic>
#include <unordered_map>
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

outcome<void> check_role(const detail::indexed_role& entry) {
  const std::string id{entry.role_id()};
  if (id.empty() || !is_valid_scope(id))
    return unusable("role '" + id + "': an id consists of printable ASCII");
  return check_scopes("role '" + id + "'", entry.scopes);
}

}  // namespace

// What does not depend on roles; shared by all snapshots from one change of the client to the next.
struct auth_snapshot::client_facts {
  std::string client_id;
  hmac_key key;
  timestamp expires;
  bool disabled = false;
  scope_list scopes;  // as they were given
  bool may_assume;    // roles mean something to them
  mutable std::atomic<std::int64_t> used_ms;

  explicit client_facts(const client_record& of)
      : client_id(of.client_id),
        key(of.access_token),
        expires(of.expires),
        disabled(of.disabled),
        scopes(of.scopes),
        may_assume(std::any_of(scopes.begin(), scopes.end(), detail::may_assume)),
        used_ms(of.last_used.ms) {}
};

// What scopes are expanded in.
struct auth_snapshot::world {
  role_expander roles;
  scope_set_ptr anonymous;

  scope_set_ptr with_anonymous(const scope_list& expanded) const {
    return std::make_shared<const scope_set>(
        scope_set::of_normalised(merge_normalised(expanded, anonymous->list())));
  }
};

const auth_snapshot::world_ptr& auth_snapshot::worlds::of(const client_facts& facts) const {
  return facts.may_assume ? with_roles : without_roles;
}

// -- a client -------------------------------------------------------------------------------------

auth_snapshot::client::client(facts_ptr facts, world_ptr in)
    : facts_(std::move(facts)), in_(std::move(in)) {}

auth_snapshot::client::~client() { delete rights_.load(std::memory_order_acquire); }

const std::string& auth_snapshot::client::id() const { return facts_->client_id; }
const hmac_key& auth_snapshot::client::key() const { return facts_->key; }
timestamp auth_snapshot::client::expires() const { return facts_->expires; }
bool auth_snapshot::client::disabled() const { return facts_->disabled; }
std::atomic<std::int64_t>& auth_snapshot::client::used_ms() const { return facts_->used_ms; }

// Two threads may do it at once; the result of one of them counts.
const auth_snapshot::client::rights& auth_snapshot::client::expand() const {
  auto made = std::make_unique<rights>();
  auto expanded = in_->roles.expand(facts_->scopes);
  made->with_anonymous = in_->with_anonymous(expanded);
  made->expanded = std::make_shared<const scope_set>(scope_set::of_normalised(std::move(expanded)));
  const rights* before = nullptr;
  if (rights_.compare_exchange_strong(before, made.get(), std::memory_order_acq_rel,
                                      std::memory_order_acquire))
    return *made.release();
  return *before;
}

// -- all of them ----------------------------------------------------------------------------------

// The clients whose ids have a part of their hash in common. After a change of roles it has only
// what does not depend on them; the clients are made when somebody first looks for one, on any
// thread. Is not edited any more once it is part of a snapshot.
class auth_snapshot::shard {
 public:
  explicit shard(worlds in)
      : in_(std::move(in)),
        facts_(std::make_shared<facts_map>()),
        clients_(std::make_shared<client_place>()) {}

  // To be edited; has the clients if they were made, with what is known of their rights.
  shard(const shard& of)
      : in_(of.in_),
        facts_(std::make_shared<facts_map>(*of.facts_)),
        clients_(std::make_shared<client_place>()),
        follow_roles_(of.follow_roles_) {
    if (const auto* known = of.clients_->made())
      clients_->set(std::make_unique<client_map>(*known));
  }

  // The same clients in other worlds. Those whom the change means nothing to stay as they are.
  shard(const shard& of, worlds in)
      : in_(std::move(in)),
        facts_(of.facts_),
        clients_(of.follow_roles_ == 0 && in_.without_roles == of.in_.without_roles
                     ? of.clients_
                     : std::make_shared<client_place>()),
        follow_roles_(of.follow_roles_) {}

  shard& operator=(const shard&) = delete;

  const client* find(std::string_view client_id) const {
    const auto* known = clients_->made();
    const auto& clients = known != nullptr ? *known : make();
    const auto found = clients.find(client_id);
    return found == clients.end() ? nullptr : found->second.get();
  }

  void put(const facts_ptr& facts) {
    remove(facts->client_id);  // its key is part of what is replaced
    follow_roles_ += facts->may_assume ? 1 : 0;
    facts_->emplace(facts->client_id, facts);
    if (auto* known = clients_->made())
      known->emplace(facts->client_id, std::make_shared<const client>(facts, in_.of(*facts)));
  }

  void remove(std::string_view client_id) {
    if (auto* known = clients_->made())
      known->erase(client_id);
    const auto found = facts_->find(client_id);
    if (found == facts_->end())
      return;
    follow_roles_ -= found->second->may_assume ? 1 : 0;
    facts_->erase(found);
  }

 private:
  // Keys are the ids in the facts.
  using facts_map = std::unordered_map<std::string_view, facts_ptr>;
  using client_map = std::unordered_map<std::string_view, std::shared_ptr<const client>>;

  // Of two threads that set it at once, the first counts.
  class client_place {
   public:
    client_place() = default;
    client_place(const client_place&) = delete;
    client_place& operator=(const client_place&) = delete;
    ~client_place() { delete made(); }

    client_map* made() const { return made_.load(std::memory_order_acquire); }

    const client_map& set(std::unique_ptr<client_map> to) {
      client_map* before = nullptr;
      if (made_.compare_exchange_strong(before, to.get(), std::memory_order_acq_rel,
                                        std::memory_order_acquire))
        return *to.release();
      return *before;
    }

   private:
    std::atomic<client_map*> made_{nullptr};
  };

  const client_map& make() const {
    auto made = std::make_unique<client_map>();
    made->reserve(facts_->size());
    for (const auto& [id, facts] : *facts_)
      made->emplace(id, std::make_shared<const client>(facts, in_.of(*facts)));
    return clients_->set(std::move(made));
  }

  worlds in_;
  std::shared_ptr<facts_map> facts_;
  std::shared_ptr<client_place> clients_;
  std::size_t follow_roles_ = 0;
};

// Copies each shard once, when it is first changed.
class auth_snapshot::shard_editor {
 public:
  shard_editor(shards& of, const worlds& in) : of_(of), in_(in) {}

  ~shard_editor() {
    for (auto& [number, changed] : changed_)
      of_[number] = std::move(changed);
  }

  shard& of(std::size_t number) {
    auto& changed = changed_[number];
    if (changed == nullptr)
      changed = of_[number] ? std::make_shared<shard>(*of_[number]) : std::make_shared<shard>(in_);
    return *changed;
  }

 private:
  shards& of_;
  const worlds& in_;
  std::unordered_map<std::size_t, std::shared_ptr<shard>> changed_;
};

auth_snapshot::auth_snapshot(const std::vector<client_record>& clients, role_expander roles)
    : serial_(next_serial()), roles_(std::move(roles)) {
  use(nullptr);
  change(clients, {});
}

auth_snapshot::auth_snapshot(const auth_snapshot& before, role_expander roles)
    : serial_(next_serial()), roles_(std::move(roles)) {
  use(before.in_.without_roles);
}

void auth_snapshot::use(const world_ptr& before) {
  auto everybody_has = roles_.expand({std::string{everybody}});
  if (before != nullptr && before->anonymous->list() == everybody_has) {
    anonymous_ = before->anonymous;
    in_.without_roles = before;
  } else {
    anonymous_ =
        std::make_shared<const scope_set>(scope_set::of_normalised(std::move(everybody_has)));
    in_.without_roles = std::make_shared<const world>(world{{}, anonymous_});
  }
  in_.with_roles = std::make_shared<const world>(world{roles_, anonymous_});
}

void auth_snapshot::change(const std::vector<client_record>& put,
                           const std::vector<std::string>& removed) {
  shard_editor edit{clients_, in_};
  for (const auto& client_id : removed)
    edit.of(shard_of(client_id)).remove(client_id);
  for (const auto& record : put)
    edit.of(shard_of(record.client_id)).put(std::make_shared<const client_facts>(record));
}

auth_snapshot_ptr auth_snapshot::with_roles(role_expander roles) const {
  const std::shared_ptr<auth_snapshot> next{new auth_snapshot{*this, std::move(roles)}};
  for (std::size_t number = 0; number < clients_.size(); ++number)
    if (const auto& known = clients_[number])
      next->clients_[number] = std::make_shared<const shard>(*known, next->in_);
  return next;
}

auth_snapshot_ptr auth_snapshot::with_changes(const std::vector<client_record>& put,
                                              const std::vector<std::string>& removed) const {
  auto next = std::make_shared<auth_snapshot>(*this);
  next->serial_ = next_serial();
  next->change(put, removed);
  return next;
}

const auth_snapshot::client* auth_snapshot::find(std::string_view client_id) const {
  const auto& in = clients_[shard_of(client_id)];
  return in == nullptr ? nullptr : in->find(client_id);
}

scope_set_ptr auth_snapshot::expand_with_anonymous(const scope_list& scopes) const {
  return in_.with_roles->with_anonymous(roles_.expand(scopes));
}

std::size_t auth_snapshot::shard_of(std::string_view client_id) {
  // Another part of the hash than what a shard goes by.
  return (std::hash<std::string_view>{}(client_id) >> 40) % std::tuple_size_v<shards>;
}

outcome<auth_snapshot_ptr> make_snapshot(const std::vector<client_record>& clients,
                                         const role_expander& roles) {
  std::unordered_set<std::string_view> ids;
  for (const auto& record : clients) {
    TROUPE_CHECK(check_client(record));
    if (!ids.insert(record.client_id).second)
      return unusable("client '" + record.client_id + "' is given twice");
  }
  outcome<void> checked = boost::system::in_place_value;
  roles.index().each([&](const detail::indexed_role& entry) {
    if (checked)
      checked = check_role(entry);
  });
  TROUPE_CHECK(checked);
  TROUPE_CHECK(roles.check());
  return auth_snapshot_ptr{std::make_shared<const auth_snapshot>(clients, roles)};
}

outcome<auth_snapshot_ptr> make_snapshot(const std::vector<client_record>& clients,
                                         std::vector<role> roles) {
  std::unordered_set<std::string_view> ids;
  for (const auto& entry : roles)
    if (!ids.insert(entry.role_id).second)
      return unusable("role '" + entry.role_id + "' is given twice");
  return make_snapshot(clients, role_expander{std::move(roles)});
}

bool is_valid_client_id(std::string_view text) {
  return !text.empty() && consists_of(text, "!@/:.+|_-");
}

}  // namespace troupe
