#pragma once

#include "messages/api_error.hpp"
#include "messages/caller.hpp"
#include "runtime/scopes/expression.hpp"

#include <optional>

namespace troupe {

/// Whether the caller's scopes satisfy the expression; the error is the 403. Whoever demands scopes
/// on behalf of a caller does it by this, before anything else takes effect: a caller who only asks
/// is always refused, by an error that carries the expression.
outcome<void> demand_scopes(const caller& by, const scope_expression& required);

/// The expression by which a caller who only asks was refused; nothing for other errors.
std::optional<scope_expression> asked_expression(const api_error& error);

}  // namespace troupe
