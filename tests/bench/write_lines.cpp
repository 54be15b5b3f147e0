#include "tests/bench/clock.hpp"
#include "tests/bench/options.hpp"
#include "tests/bench/programs.hpp"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace troupe_load {

namespace {

// The time, and what makes the line as long as is wanted.
std::string make_line(int length) {
  auto line = std::to_string(wall_ns());
  const auto wanted = static_cast<std::size_t>(length);
  if (line.size() + 1 < wanted)
    line += ' ' + std::string(wanted - line.size() - 2, '.');
  return line + "\n";
}

bool write_all(std::string_view text) {
  while (!text.empty()) {
    const auto written = write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0)
      return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

int write_lines(const options& given) {
  const auto interval_ns = static_cast<std::int64_t>(given.interval_ms * 1e6);
  const auto end_ns = now_ns() + static_cast<std::int64_t>(given.seconds * 1e9);
  std::int64_t worst_ns = 0;
  for (auto next_ns = now_ns(); next_ns < end_ns; next_ns += interval_ns) {
    const timespec at{next_ns / 1'000'000'000, next_ns % 1'000'000'000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
    const auto line = make_line(given.line_bytes);
    const auto began_ns = now_ns();
    if (!write_all(line))
      return 1;
    worst_ns = std::max(worst_ns, now_ns() - began_ns);
  }
  return write_all("worst-write-us " + std::to_string(worst_ns / 1000) + "\n") ? 0 : 1;
}

int write_megabytes(const options& given) {
  constexpr std::size_t at_once = 64 * 1024;
  std::string lines;
  while (lines.size() + static_cast<std::size_t>(given.line_bytes) <= at_once)
    lines += std::string(static_cast<std::size_t>(given.line_bytes) - 1, '.') + "\n";
  const auto began_ns = now_ns();
  for (double left = given.megabytes * 1e6; left > 0; left -= static_cast<double>(lines.size()))
    if (!write_all(lines))
      return 1;
  return write_all("wrote-us " + std::to_string((now_ns() - began_ns) / 1000) + "\n") ? 0 : 1;
}

}  // namespace troupe_load
