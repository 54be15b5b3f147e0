#include "runtime/supervision/restart_policy.hpp"

#include <algorithm>

namespace troupe {

std::optional<std::chrono::milliseconds> note_failure(failure_row& row, timestamp now,
                                                      const restart_limits& limits) {
  if (row.in_a_row > 0 && now - row.last >= limits.quiet)
    row.in_a_row = 0;
  ++row.in_a_row;
  ++row.total;
  row.last = now;
  if (limits.most != 0 && row.in_a_row >= limits.most)
    return std::nullopt;
  if (row.in_a_row == 1)
    return std::chrono::milliseconds{0};
  auto pause = limits.first_pause;
  for (unsigned i = 2; i < row.in_a_row && pause < limits.longest_pause; ++i)
    pause *= 2;
  return std::min(pause, limits.longest_pause);
}

}  // namespace troupe
