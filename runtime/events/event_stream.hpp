#pragma once

#include "runtime/store/shard.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe {

/// The streams that make up the event log: first one of each shard, numbered like it, then one of
/// each service that publishes, which is named instead (design, section 5). A service that begins
/// to publish adds its name here and a constant below; names are part of the stored layout, places
/// in the list are not. Streams of services belong to lane 0.
inline constexpr std::array<std::string_view, 2> service_stream_names{"auth", "published"};

/// Clients and roles.
inline constexpr std::uint16_t auth_stream = shard_count;
/// What others published through the event feed.
inline constexpr std::uint16_t published_stream = shard_count + 1;

/// How many streams there are.
inline constexpr std::uint16_t stream_count = shard_count + service_stream_names.size();

/// The lane that writes a stream on a node with so many lanes.
constexpr std::uint16_t lane_of_stream(std::uint16_t stream, std::uint16_t lanes) {
  return stream < shard_count ? lane_of_shard(stream, lanes) : std::uint16_t{0};
}

/// How a stream is named within the id of an event: `7`, `auth`.
std::string_view stream_name(std::uint16_t stream);

/// The stream of that name; nothing when there is none.
std::optional<std::uint16_t> find_stream(std::string_view name);

/// `troupe:{07}:` or `troupe:{auth}:`, the prefix of all keys of a shard or a service.
std::string_view stream_key_prefix(std::uint16_t stream);

}  // namespace troupe
