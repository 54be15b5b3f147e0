#pragma once

#include <cstdint>

namespace troupe {

/// What the system says of this process; figures it does not tell are 0.
struct process_figures {
  double cpu_seconds = 0;
  double start_time = 0;  ///< seconds since the epoch
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_files = 0;
  std::uint64_t most_files = 0;
};

/// Reads them now.
process_figures read_process_figures();

}  // namespace troupe
