#pragma once

#include "messages/api_error.hpp"
#include "messages/timestamp.hpp"
#include "runtime/crypto/sha256.hpp"
#include "runtime/scopes/expansion.hpp"
#include "runtime/scopes/scope.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
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
/// one, and requests that are under way keep the one they began with.
class auth_snapshot {
 public:
  /// A client with what its requests need made ready.
  struct client {
    std::string client_id;
    hmac_key key;                  ///< of its access token
    scope_set_ptr expanded;        ///< without what everybody has
    scope_set_ptr with_anonymous;  ///< what its requests may do
    timestamp expires;
    bool disabled = false;
    scope_list scopes;  ///< as they were given
    /// When its use was last written down, in milliseconds; of all snapshots that have the client.
    std::shared_ptr<std::atomic<std::int64_t>> used_ms;
  };

  /// Takes records that were checked before; of two clients with one id the last counts.
  auth_snapshot(const std::vector<client_record>& clients, std::vector<role> roles);

  /// The same roles, with clients put in or replaced, and others taken out. Costs no new expansion
  /// for the clients that stay.
  auth_snapshot_ptr with_changes(const std::vector<client_record>& put,
                                 const std::vector<std::string>& removed) const;

  /// The same clients with other roles. What no role can have changed is shared.
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
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using client_map =
      std::unordered_map<std::string, std::shared_ptr<const client>, text_hash, std::equal_to<>>;

  auth_snapshot(role_expander roles, scope_set_ptr anonymous, client_map kept);
  void put(const client_record& record);
  scope_set_ptr with_anonymous(const scope_list& expanded) const;

  std::uint64_t serial_;
  role_expander roles_;
  scope_set_ptr anonymous_;
  client_map clients_;
};

/// Makes a snapshot of clients and roles that come from outside, such as a configuration. The error
/// names the first that cannot be used: a bad or repeated id, a token of the wrong form, a scope
/// with characters that are not allowed or two final stars, or roles that lead back to themselves.
outcome<auth_snapshot_ptr> make_snapshot(const std::vector<client_record>& clients,
                                         std::vector<role> roles);

/// Whether a text may be the id of a client (auth contract, section 1).
bool is_valid_client_id(std::string_view text);

}  // namespace troupe
