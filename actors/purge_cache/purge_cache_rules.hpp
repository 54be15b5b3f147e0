#pragma once

#include "actors/purge_cache/purge_cache_state.hpp"
#include "messages/purge_commands.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// The law of purge requests (purge-cache contract, section 3).

/// The request that a command makes: its `before` is now, and later than that of every other of the
/// pool, so that `since` tells requests of one millisecond apart.
purge_request decide_purge(const purge_cache_state& state, const request_purge& command,
                           timestamp now);

/// Puts it in, or into the place of the one before.
void apply_purge(purge_cache_state& state, const purge_key& key, const purge_request& request);

/// A page of requests, and the key of its last one when there are more.
struct purge_page {
  std::vector<std::pair<purge_key, purge_request>> rows;
  std::optional<purge_key> next;
};
purge_page list_requests(const purge_cache_state& state, const std::optional<purge_key>& after,
                         std::uint32_t limit, timestamp now);

/// The requests of a pool with `before` at `since` or later, in order of `before`.
std::vector<std::pair<purge_key, purge_request>> requests_of(const purge_cache_state& state,
                                                             const std::string& pool,
                                                             timestamp since, timestamp now);

/// Takes out what has expired by then, and answers it.
std::vector<purge_key> take_expired(purge_cache_state& state, timestamp now);

/// When the next one expires.
std::optional<timestamp> next_expiry(const purge_cache_state& state);

// -- texts ----------------------------------------------------------------------------------------

/// `{"requests":[...]}`
std::string requests_text(const std::vector<std::pair<purge_key, purge_request>>& rows);

/// The key as Redis and page tokens have it: pool, blank, cache.
std::string key_text(const purge_key& key);
purge_key read_key(std::string_view text);

/// The row as Redis has it. What cannot be read counts as expired.
std::string row_text(const purge_request& request);
purge_request read_request(std::string_view text);

}  // namespace troupe
