#pragma once

#include "messages/api_error.hpp"
#include "runtime/scopes/scope.hpp"

#include <cstddef>
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

namespace detail {
class role_index;
}

/// All roles: expands `assume:<roleId>` scopes into what they give. Immutable, safe to use from
/// several threads at once, and cheap to copy; a change makes another one that shares the roles.
class role_expander {
 public:
  role_expander();

  /// Roles that do not pass `check_roles` are taken, too, but what grows without end is cut off.
  explicit role_expander(std::vector<role> roles);

  /// The roles with this one put in or changed. The error, as of `check_roles`, names the rule that
  /// they would break; looks only at what the change lets the role reach.
  outcome<role_expander> with(role changed) const;

  /// The roles without that one.
  role_expander without(std::string_view role_id) const;

  /// Everything the scopes come to, themselves included, normalised.
  scope_list expand(const scope_list& scopes) const;

  /// Checks all of them, as `check_roles` does.
  outcome<void> check() const;

  const detail::role_index& index() const { return *index_; }

 private:
  explicit role_expander(detail::role_index index);

  std::shared_ptr<const detail::role_index> index_;
};

/// Checks the rules that all roles must keep together (auth contract, section 8): at most one
/// `<..>` a scope, none after a star, no cycles. The error is `input_error`.
outcome<void> check_roles(const std::vector<role>& roles);

}  // namespace troupe
