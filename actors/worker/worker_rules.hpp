#pragma once

#include "actors/worker/worker_state.hpp"
#include "messages/api_error.hpp"
#include "messages/worker_commands.hpp"

#include <chrono>
#include <cstddef>
#include <optional>

namespace troupe {

/// How many runs a worker remembers.
inline constexpr std::size_t recent_runs = 20;

/// How long a worker is known after it was seen (queue contract 8.4).
inline constexpr std::chrono::milliseconds worker_lasts = std::chrono::hours{24};

/// How long before its first claim the quarantine of a worker ended that never had one.
inline constexpr std::chrono::milliseconds never_quarantined = std::chrono::hours{24 * 3653};

/// The worker was seen; the first time makes it known (WI-2).
void on_seen(worker_state& state, timestamp at);

/// The worker was handed runs. Those of before a restart are no sighting: an unknown worker stays
/// unknown (WI-3), and what is remembered already is not remembered twice. True when anything
/// changed.
bool on_claimed(worker_state& state, const worker_claimed& command);

/// Somebody sets the time until which the worker gets nothing; a past one sets it free. 404 for an
/// unknown worker; an expired one still works.
outcome<void> on_quarantine(worker_state& state, const quarantine_worker& command, timestamp now);

/// Somebody says that there is such a worker, at least until `expires`. 400 for a new one that
/// would have expired already.
outcome<void> on_declared(worker_state& state, timestamp expires, timestamp now);

/// Until when the worker is to be known: its expiry, or the end of its quarantine when that is
/// later; 0 for an unknown one.
timestamp due_of(const worker_state& state);

/// Whether the record can be deleted: its time is over for at least `delay`.
bool is_over(const worker_state& state, timestamp now, std::chrono::milliseconds delay);

/// Whether a listing has the worker: it is shown, and in quarantine or not as is asked for.
bool is_listed(const worker_state& state, std::optional<bool> quarantined, timestamp now);

/// Whether the worker is shown: known, and not expired unless it is in quarantine.
bool is_shown(const worker_state& state, timestamp now);

/// The 404 of a worker that is not shown.
api_error unknown_worker(const worker_state& state);

}  // namespace troupe
