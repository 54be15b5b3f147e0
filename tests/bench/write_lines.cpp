#include "tests/bench/clock.hpp"
#include "tests/bench/options.hpp"
#include "tests/bench/programs.hpp"

#include <unistd.h>

#include <string>

namespace troupe_load {

int write_lines(const options& given) {
  const auto interval_ns = static_cast<std::int64_t>(given.interval_ms * 1e6);
  const auto end_ns = now_ns() + static_cast<std::int64_t>(given.seconds * 1e9);
  for (auto next_ns = now_ns(); next_ns < end_ns; next_ns += interval_ns) {
    const timespec at{next_ns / 1'000'000'000, next_ns % 1'000'000'000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
    const auto line = std::to_string(wall_ns()) + "\n";
    if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
      return 1;
  }
  return 0;
}

}  // namespace troupe_load
