#pragma once

#include "runtime/events/event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

struct redisReply;

namespace troupe {

/// The id of an entry of a stream in Redis, `1764000000000-42` there.
std::optional<event_id> read_entry_id(const redisReply& entry, std::uint16_t stream);

/// The event that an entry of a stream holds, nothing when the entry is none of ours. Its
/// texts are the entry's; its further keys come to stand in `cc`.
std::optional<event> read_event_entry(const redisReply& entry, std::uint16_t stream,
                                      std::vector<std::string>& cc);

/// The key of a stream in Redis.
std::string event_stream_key(std::uint16_t stream);

/// How far before the event that a reader names each other stream is read again: lanes do not
/// agree on time (design, section 5).
inline constexpr std::int64_t event_overlap_ms = 2000;

/// Whether a log whose oldest entry in a stream is this one may have lost what came after an event.
bool is_cut_after(const event_id& oldest, const event_id& after);

}  // namespace troupe
