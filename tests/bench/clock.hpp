#pragma once

#include <cstdint>
#include <ctime>

namespace troupe_load {

/// Nanoseconds of one of the system's clocks.
inline std::int64_t read_clock_ns(clockid_t which) {
  timespec t{};
  clock_gettime(which, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

/// For measuring spans within this process.
inline std::int64_t now_ns() { return read_clock_ns(CLOCK_MONOTONIC); }

/// For stamps that another process of this machine compares with its own time.
inline std::int64_t wall_ns() { return read_clock_ns(CLOCK_REALTIME); }

}  // namespace troupe_load
