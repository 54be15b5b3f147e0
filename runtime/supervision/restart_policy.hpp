#pragma once

#include "messages/timestamp.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace troupe {

/// How fast, and how often in a row, something that failed is started again.
struct restart_limits {
  std::chrono::milliseconds first_pause{100};       ///< before the second start of a row
  std::chrono::milliseconds longest_pause{10'000};  ///< the pause doubles up to this
  std::chrono::milliseconds quiet{60'000};          ///< so long without a failure ends the row
  /// So many failures in a row, and it is given up; 0: never.
  unsigned most = 10;
};

/// The failures of one thing.
struct failure_row {
  unsigned in_a_row = 0;
  std::uint64_t total = 0;
  timestamp last;
};

/// Notes a failure and answers how long to wait before the next start: nothing the first time,
/// then longer and longer. No value: it failed too often and is given up.
std::optional<std::chrono::milliseconds> note_failure(failure_row& row, timestamp now,
                                                      const restart_limits& limits);

}  // namespace troupe
