#pragma once

#include "messages/timestamp.hpp"
#include "runtime/auth/snapshot.hpp"
#include "runtime/crypto/sha256.hpp"
#include "runtime/scopes/scope.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe {

/// Remembers what the `ext` of a header came to, so that a worker's calls with the same temporary
/// credentials cost one check. One per lane, not shared; forgets everything when the snapshot
/// changes. Only what a good signature came with is entered, so nobody can fill it without a key.
class certificate_cache {
 public:
  struct entry {
    hmac_key key;
    scope_set_ptr scopes;
    timestamp expires;  ///< of the credentials: the earlier of certificate and issuer
    const auth_snapshot::client* issuer = nullptr;  ///< as long as the snapshot lives
  };

  /// What is known of this id and ext, unless its credentials have expired. Stays valid until the
  /// next call.
  const entry* find(const auth_snapshot& valid_for, std::string_view id, std::string_view ext,
                    timestamp now);

  void remember(const auth_snapshot& valid_for, std::string_view id, std::string_view ext,
                entry value);

  /// Number of entries.
  std::size_t size() const { return recent_.size() + older_.size(); }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using entries = std::unordered_map<std::string, entry, text_hash, std::equal_to<>>;

  // Of a generation; keys are most of what an entry takes.
  static constexpr std::size_t most_entries = 2048;
  static constexpr std::size_t most_key_bytes = std::size_t{4} << 20;

  std::string_view key_of(std::string_view id, std::string_view ext);
  void use(const auth_snapshot& valid_for);
  const entry& insert(std::string_view key, entry value);

  std::uint64_t of_ = 0;
  // When the recent ones are many, they become the older ones, and those are forgotten; an entry
  // that is used moves to the recent ones. So what is in use stays.
  entries recent_;
  entries older_;
  std::size_t recent_key_bytes_ = 0;
  std::string scratch_;
};

}  // namespace troupe
