#pragma once

#include "actors/auth/auth_state.hpp"
#include "messages/api_error.hpp"
#include "messages/auth_commands.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// The law on clients and roles (auth contract, sections 7 to 12).

/// What has to change in the stored state for it to agree with the configuration: static clients
/// made, brought up to date and removed, and the role of everybody. The error names what is wrong
/// with the configuration.
outcome<std::vector<auth_change>> settle_configuration(const auth_state& stored,
                                                       const auth_setup& setup, timestamp now);

/// What a change of a client comes to. `fresh_token` is for a client that gets a new one.
outcome<auth_decision> decide(const auth_state& state, const change_client& command, timestamp now,
                              std::string_view fresh_token);

/// What a change of a role comes to.
outcome<auth_decision> decide(const auth_state& state, const change_role& command, timestamp now);

/// Puts in a client, or another row in the place of the one it has.
void put_client(auth_state& state, std::string_view client_id, client_row row);

/// Makes a change.
void apply(auth_state& state, const auth_change& change);

/// The expander of these roles; for a state that was just read.
role_expander expander_of(const auth_state& state);

/// Clients that are to be removed now, since they expired and ask for it.
std::vector<std::string> expired_clients(const auth_state& state, timestamp now);

/// When the next of these is to be removed; nothing when there is none.
std::optional<timestamp> next_expiry(const auth_state& state);

/// What requests need of a client.
client_record record_of(std::string_view client_id, const client_row& row);

/// What the gateways are to work with from now on. The error names the first client or role that
/// cannot be used, and says why.
outcome<auth_snapshot_ptr> snapshot_of(const auth_state& state);

/// The snapshot with these changes, in their order; the same one when there are none.
auth_snapshot_ptr snapshot_after(auth_snapshot_ptr before,
                                 const std::vector<const auth_change*>& changes);

/// A page of a listing, as a finished body, and where it ends when there is more.
struct auth_page {
  std::string body;
  std::optional<std::string> next;
};

/// Answers what needs nothing but the state: everything but histories.
outcome<auth_page> read_from(const auth_state& state, const read_auth& question);

}  // namespace troupe
