#pragma once

#include "runtime/secrets/secret_ring.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace troupe {

/// Looks at sealed texts as they are read: which ones an older key has sealed, and which ones no
/// key of the ring opens. What nobody can read any more is to be found out then, not when somebody
/// needs it.
class key_census {
 public:
  explicit key_census(const secret_ring& ring) : ring_(ring) {}

  /// The same text may be seen twice.
  void see(std::string_view name, std::string_view sealed);

  /// Names of those to be sealed anew.
  const std::set<std::string>& outdated() const { return outdated_; }

  /// Says that a key is missing, and what to do; nothing when all texts can be opened. `what` is
  /// what was sealed, like `secrets`.
  std::optional<std::string> missing(std::string_view what) const;

 private:
  const secret_ring& ring_;
  std::set<std::string> outdated_;
  std::set<std::string> closed_;
  std::set<std::string> keys_;  // that are missing
};

}  // namespace troupe
