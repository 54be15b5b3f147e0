#pragma once

#include "actors/auth/auth_state.hpp"
#include "messages/api_error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What createClient and resetAccessToken answer: the record with its token.
std::string client_reply_with_token(std::string_view client_id, const client_row& row,
                                    const role_expander& roles);

/// What the other methods of clients answer.
std::string client_reply(std::string_view client_id, const client_row& row,
                         const role_expander& roles);

/// What the methods of roles answer.
std::string role_reply(std::string_view role_id, const role_row& row, const role_expander& roles);

/// Payloads of the events of a client and of a role.
std::string client_event(std::string_view client_id);
std::string role_event(std::string_view role_id);

/// A row as it is stored. `sealed_token` is the encrypted token.
std::string write_client_row(const client_row& row, std::string_view sealed_token);
std::string write_role_row(const role_row& row);

/// Reads them back; the token comes out encrypted, in `sealed_token`. The error says what is wrong.
outcome<client_row> read_client_row(std::string_view json, std::string& sealed_token);
outcome<role_row> read_role_row(std::string_view json);

/// An entry of the audit history.
std::string audit_entry(std::string_view by, std::string_view action, timestamp when,
                        std::string_view kind, std::string_view id);

}  // namespace troupe
