#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace troupe {

/// What became of the copies of one site since the server started; from any thread.
struct site_counts {
  std::atomic<std::uint64_t> made{0};
  std::atomic<std::uint64_t> bytes{0};   ///< of those that were made
  std::atomic<std::uint64_t> failed{0};  ///< attempts
  std::atomic<std::uint64_t> made_room{0};
  std::atomic<std::uint64_t> had_its_time{0};  ///< nobody read it, or what it is of expired
  // Readers at the site.
  std::atomic<std::uint64_t> sent_to_copy{0};
  std::atomic<std::uint64_t> sent_to_source{0};
};

/// By the ids of the sites, which do not change.
using copy_counts = std::map<std::string, site_counts, std::less<>>;

}  // namespace troupe
