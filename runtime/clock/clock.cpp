#include "runtime/clock/clock.hpp"

#include <ctime>

namespace troupe {

std::int64_t system_clock::now_us() const {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000;
}

}  // namespace troupe
