#pragma once

#include "gateways/rest/request_context.hpp"
#include "messages/auth_commands.hpp"
#include "runtime/scopes/scope.hpp"

#include <optional>
#include <string_view>

namespace troupe {

// What the handlers of clients and roles share.

/// A list of scopes in the body; nothing when it is not there.
std::optional<scope_list> scopes_member(request_context& call, std::string_view name);

/// Whether scopes may be given to a client or role: not too many, not too long, and without two
/// stars at the end.
outcome<void> check_new_scopes(const scope_list& scopes);

/// Asks the owner of clients and roles, who answers the call.
void read_one(request_context& call, read_auth question);

/// The same for a page, which goes on where the continuation token of the call says.
void read_page(request_context& call, read_auth question);

}  // namespace troupe
