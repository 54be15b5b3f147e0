#pragma once

#include "messages/api_error.hpp"
#include "runtime/store/redis_link.hpp"

#include <string>
#include <vector>

namespace troupe {

/// What the look at Redis before the start brought up.
struct preflight_report {
  std::string redis_version;
  std::vector<std::string> warnings;  ///< one line each: works, but should be known
};

/// Checks, blocking, that Redis can be reached, is new enough (6.2), writable, never evicts, and
/// holds no data of a newer layout; marks the layout of new data. The error says in one line what
/// is wrong and what to do. Waits up to `patience` for a Redis that still loads its data.
outcome<preflight_report> check_redis(const redis_endpoint& where,
                                      std::chrono::milliseconds patience);

/// The version of the stored layout that this program writes.
inline constexpr int store_layout = 1;

}  // namespace troupe
