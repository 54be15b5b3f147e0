#pragma once

#include "messages/api_error.hpp"
#include "messages/timestamp.hpp"
#include "runtime/crypto/sha256.hpp"
#include "runtime/scopes/expansion.hpp"
#include "runtime/scopes/scope.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// A client as it is stored.
struct client_record {
  std::string client_id;
  std::string access_token;
  scope_list scopes;
  timestamp expires;
  bool disabled = false;
  timestamp last_used = {};
};

class auth_snapshot;
using auth_snapshot_ptr = std::shared_ptr<const auth_snapshot>;

/// All clients and roles at one moment, made for quick look-ups. Immutable: a change makes another
/// one, which shares what the change does not touch, and requests that are under way keep the one
/// they began with.
class auth_snapshot {
 public:
  class client;

  /// Takes records that were checked before; of two clients with one id the last counts.
  auth_snapshot(const std::vector<client_record>& clients, role_expander roles);
  auth_snapshot(const std::vector<client_record>& clients, std::vector<role> roles)
      : auth_snapshot(clients, role_expander{std::move(roles)}) {}

  /// The same roles, with clients put in or replaced, and others taken out.
  auth_snapshot_ptr with_changes(const std::vector<client_record>& put,
                                 const std::vector<std::string>& removed) const;

  /// The same clients with other roles.
  auth_snapshot_ptr with_roles(role_expander roles) const;

  /// Null when there is no such client. Lives as long as the snapshot.
  const client* find(std::string_view client_id) const;

  /// What a request without credentials may do.
  const scope_set_ptr& anonymous() const { return anonymous_; }

  /// Everything these scopes come to, with what everybody has.
  scope_set_ptr expand_with_anonymous(const scope_list& scopes) const;

  const role_expander& roles() const { return roles_; }

  /// Tells this snapshot from every other one of the process.
  std::uint64_t serial() const { return serial_; }

 private:
  struct client_facts;
  struct world;
  class shard;
  class shard_editor;
  using facts_ptr = std::shared_ptr<const client_facts>;
  using world_ptr = std::shared_ptr<const world>;
  // What clients' scopes are expanded in.
  struct worlds {
    world_ptr with_roles;     // for clients that roles mean something to
    world_ptr without_roles;  // for all others, who need not follow each change of a role

    const world_ptr& of(const client_facts& facts) const;
  };
  // A change copies only the shards of the clients it touches.
  using shards = std::array<std::shared_ptr<const shard>, 256>;

  auth_snapshot(const auth_snapshot& before, role_expander roles);
  void change(const std::vector<client_record>& put, const std::vector<std::string>& removed);
  void use(const world_ptr& before);
  static std::size_t shard_of(std::string_view client_id);

  std::uint64_t serial_;
  role_expander roles_;
  scope_set_ptr anonymous_;
  worlds in_;
  shards clients_;
};

/// A client with what its requests need made ready. What its scopes come to is made when somebody
/// first asks for it, on any thread.
class auth_snapshot::client {
 public:
  client(facts_ptr facts, world_ptr in);
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  const std::string& id() const;
  const hmac_key& key() const;  ///< of its access token
  timestamp expires() const;
  bool disabled() const;

  /// What its scopes come to, without what everybody has.
  const scope_set_ptr& expanded() const { return comes_to().expanded; }
  /// What its requests may do.
  const scope_set_ptr& with_anonymous() const { return comes_to().with_anonymous; }

  /// When its use was last written down, in milliseconds; of all snapshots that have the client.
  std::atomic<std::int64_t>& used_ms() const;

 private:
  struct rights {
    scope_set_ptr expanded;
    scope_set_ptr with_anonymous;
  };

  const rights& comes_to() const {
    const auto* known = rights_.load(std::memory_order_acquire);
    return known != nullptr ? *known : expand();
  }
  const rights& expand() const;

  facts_ptr facts_;
  world_ptr in_;
  mutable std::atomic<const rights*> rights_{nullptr};
};

/// Makes a snapshot of clients and roles that come from outside, such as a configuration. The error
/// names the first that cannot be used: a bad or repeated id, a token of the wrong form, a scope
/// with characters that are not allowed or two final stars, or roles that lead back to themselves.
outcome<auth_snapshot_ptr> make_snapshot(const std::vector<client_record>& clients,
                                         std::vector<role> roles);
outcome<auth_snapshot_ptr> make_snapshot(const std::vector<client_record>& clients,
                                         const role_expander& roles);

/// Whether a text may be the id of a client (auth contract, section 1).
bool is_valid_client_id(std::string_view text);

}  // namespace troupe
