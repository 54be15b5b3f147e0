#pragma once

#include "messages/api/method.hpp"
#include "runtime/scopes/expansion.hpp"
#include "runtime/scopes/expression.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// So many roles are told.
inline constexpr std::size_t most_roles_told = 50;

/// A role that has something of what is missing.
struct granting_role {
  std::string role_id;
  scope_list grants;      ///< which of the missing scopes
  bool complete = false;  ///< nothing would be missing with it
};

/// The roles that have some of the missing scopes, directly or by other roles: complete ones first,
/// then those that have most.
std::vector<granting_role> roles_that_grant(const role_expander& roles,
                                            const scope_expression& missing);

/// What a question came to.
struct why_findings {
  const api_method& method;
  std::string client_id = {};                   ///< empty: of given scopes, or of nobody
  std::optional<scope_expression> needed = {};  ///< nothing: the call is public
  scope_set_ptr have = {};                      ///< what the subject may do
  bool satisfied = false;
  std::string trouble = {};              ///< why its credentials cannot be used; or empty
  const role_expander* roles = nullptr;  ///< null: whoever asks may not see them
};

/// The answer of `why`, JSON.
std::string why_answer(const why_findings& found);

}  // namespace troupe
