#pragma once

#include "messages/timestamp.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe {

/// Lets each of many callers do so many things a second, and as many at once as `burst` seconds
/// would allow. Shared by all lanes, so that a caller gains nothing by more connections. Who does
/// less than it may is not remembered: memory is that of the callers of the last `burst`.
class rate_limiter {
 public:
  /// `per_second` 0: no limit, and `take` costs nothing.
  rate_limiter(std::uint32_t per_second, std::chrono::seconds burst);

  /// Counts `cost` things of that caller, if it may do them now; otherwise how long it has to wait
  /// until it may. From any thread.
  std::chrono::milliseconds take(std::string_view caller, timestamp now, std::uint32_t cost = 1);

  /// Counts `cost` things that have happened already; the caller may have to wait for more
  /// afterwards.
  void charge(std::string_view caller, timestamp now, std::uint32_t cost);

  bool limits() const { return interval_us_ > 0; }
  std::uint32_t per_second() const { return per_second_; }

  /// Callers that are remembered.
  std::size_t size();

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  /// The moment, in microseconds, at which a caller will have all its burst again.
  using moments = std::unordered_map<std::string, std::int64_t, text_hash, std::equal_to<>>;
  struct part {
    std::mutex mutex;
    moments whole_at;
    std::size_t look_again_at = 1024;  // callers, to drop those that need not be remembered
  };

  part& part_of(std::string_view caller);
  static void drop_whole(part& of, std::int64_t now_us);

  std::uint32_t per_second_;
  std::int64_t interval_us_;
  std::int64_t burst_us_;
  std::array<part, 16> parts_;
};

}  // namespace troupe
