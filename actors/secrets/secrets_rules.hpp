#pragma once

#include "actors/secrets/secrets_state.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// The law of secrets (secrets contract, section 1). They are sealed before they come here.

/// What the audit calls setting this secret now: `created`, or `updated` when one was to be seen.
std::string_view action_of_set(const secrets_state& state, std::string_view name, timestamp now);

/// Puts a secret in, or into the place of the one before.
void apply_set(secrets_state& state, const std::string& name, secret_row row);

/// Takes a secret out; false when there was none.
bool apply_remove(secrets_state& state, const std::string& name);

/// The secret, if it can be seen: null when there is none, or it has expired.
const secret_row* find_secret(const secrets_state& state, std::string_view name, timestamp now);

/// A page of names that can be seen, in order, and its last one when there are more.
struct secret_page {
  std::vector<std::string> names;
  std::optional<std::string> next;
};
secret_page list_names(const secrets_state& state, const std::optional<std::string>& after,
                       std::uint32_t limit, timestamp now);

/// Takes out what has expired by then, and answers the names.
std::vector<std::string> take_expired(secrets_state& state, timestamp now);

/// When the next one has expired.
std::optional<timestamp> next_expiry(const secrets_state& state);

// -- texts ----------------------------------------------------------------------------------------

/// The row as Redis has it.
std::string secret_row_text(const secret_row& row);
secret_row read_secret_row(std::string_view text);

/// `{"secrets":[...]}`
std::string names_text(const std::vector<std::string>& names);

}  // namespace troupe
