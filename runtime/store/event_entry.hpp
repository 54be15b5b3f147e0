#pragma once

#include "runtime/events/event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

struct redisReply;

namespace troupe {

/// The id of an entry of a shard's stream in Redis, `1764000000000-42` there.
std::optional<event_id> read_entry_id(const redisReply& entry, std::uint16_t shard);

/// The event that an entry of a shard's stream holds, nothing when the entry is none of ours. Its
/// texts are the entry's; its further keys come to stand in `cc`.
std::optional<event> read_event_entry(const redisReply& entry, std::uint16_t shard,
                                      std::vector<std::string>& cc);

/// The key of a shard's stream.
std::string event_stream_key(std::uint16_t shard);

/// How far before the event that a reader names each other shard is read again: shards do not
/// agree on time (design, section 5).
inline constexpr std::int64_t event_overlap_ms = 2000;

/// Whether a log whose oldest entry in a shard is this one may have lost what came after an event.
bool is_cut_after(const event_id& oldest, const event_id& after);

}  // namespace troupe
