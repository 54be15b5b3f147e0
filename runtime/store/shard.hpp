#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// Shards are fixed when the data is created; a task, a group or a queue belongs to one by its id.
inline constexpr std::uint16_t shard_count = 64;

/// The shard of an id: xxh64(id) modulo 64 (design, section 4). Part of the stored layout.
std::uint16_t shard_of(std::string_view id);

/// The shard of a worker, whose id is `<queue>/<group>/<worker>`.
std::uint16_t shard_of_worker(std::string_view queue, std::string_view group, std::string_view id);

/// The lane that serves a shard on a node with so many lanes.
constexpr std::uint16_t lane_of_shard(std::uint16_t shard, std::uint16_t lanes) {
  return static_cast<std::uint16_t>(shard % lanes);
}

/// `troupe:{07}:`, the prefix of all keys of a shard; the braces make it one Cluster slot.
std::string_view shard_key_prefix(std::uint16_t shard);

}  // namespace troupe
