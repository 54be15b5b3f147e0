#include "runtime/store/shard.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>

namespace troupe {

std::uint16_t shard_of(std::string_view id) {
  return static_cast<std::uint16_t>(XXH64(id.data(), id.size(), 0) % shard_count);
}

std::uint16_t shard_of_worker(std::string_view queue, std::string_view group, std::string_view id) {
  XXH64_state_t state;
  XXH64_reset(&state, 0);
  XXH64_update(&state, queue.data(), queue.size());
  for (const auto part : {group, id}) {
    XXH64_update(&state, "/", 1);
    XXH64_update(&state, part.data(), part.size());
  }
  return static_cast<std::uint16_t>(XXH64_digest(&state) % shard_count);
}

std::string_view shard_key_prefix(std::uint16_t shard) {
  static const auto prefixes = [] {
    std::array<std::string, shard_count> made;
    for (std::size_t i = 0; i < made.size(); ++i) {
      made[i] = "troupe:{00}:";
      made[i][8] = static_cast<char>('0' + i / 10);
      made[i][9] = static_cast<char>('0' + i % 10);
    }
    return made;
  }();
  return prefixes[shard];
}

}  // namespace troupe
