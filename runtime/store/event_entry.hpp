#pragma once

#include "runtime/events/event.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisReply;

namespace troupe {

/// The id that Redis has for an entry of a stream, `1764000000000-42`.
std::optional<event_id> parse_entry_id(std::string_view text, std::uint16_t stream);

/// The id of an entry of a stream in Redis, `1764000000000-42` there.
std::optional<event_id> read_entry_id(const redisReply& entry, std::uint16_t stream);

/// The one field of an entry: each argument of a command costs Redis more than its bytes do. Its
/// value begins with a head; then follow exchange, routing key, further keys and payload.
inline constexpr std::string_view event_entry_field = "e";

/// The head of that value: when the event was, and how long the texts are but for the payload,
/// which is the rest. In decimal, each with a blank behind it.
class event_entry_head {
 public:
  event_entry_head(std::int64_t ms, std::size_t exchange, std::size_t routing_key, std::size_t cc);

  std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 96> text_;
  std::size_t size_ = 0;
};

/// The event that an entry of a stream holds, nothing when the entry is none of ours. Its
/// texts are the entry's; its further keys come to stand in `cc`. Entries of earlier versions,
/// which had a field for each text, are read, too.
std::optional<event> read_event_entry(const redisReply& entry, std::uint16_t stream,
                                      std::vector<std::string>& cc);

/// `troupe:{07}:` or `troupe:{auth}:`, the prefix of all keys of a shard or a service.
std::string_view stream_key_prefix(std::uint16_t stream);

/// The key of the id up to which a stream was emptied, from where its numbers go on.
std::string event_end_key(std::uint16_t stream);

/// The key of a stream in Redis.
std::string event_stream_key(std::uint16_t stream);

/// How far before the event that a reader names each other stream is read again: lanes do not
/// agree on time (design, section 5).
inline constexpr std::int64_t event_overlap_ms = 2000;

/// Whether a log whose oldest entry in a stream is this one may have lost what came after an event.
bool is_cut_after(const event_id& oldest, const event_id& after);

}  // namespace troupe
