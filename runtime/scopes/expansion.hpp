#pragma once

#include "messages/api_error.hpp"
#include "runtime/scopes/scope.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A role and the scopes it gives (auth contract, section 7).
struct role {
  std::string role_id;
  scope_list scopes;
};

/// Expands `assume:<roleId>` scopes into what the roles give. Immutable, safe to use from several
/// threads at once, and cheap to copy. What each `assume:` scope comes to is remembered.
class role_expander {
 public:
  role_expander() = default;

  /// Roles that do not pass `check_roles` are taken, too, but what grows without end is cut off.
  explicit role_expander(std::vector<role> roles);

  /// Everything the scopes come to, themselves included, normalised.
  scope_list expand(const scope_list& scopes) const;

  class tables;

 private:
  std::shared_ptr<const tables> tables_;
};

/// Checks the rules that all roles must keep together (auth contract, section 8): at most one
/// `<..>` a scope, none after a star, no cycles. The error is `input_error`.
outcome<void> check_roles(const std::vector<role>& roles);

}  // namespace troupe
