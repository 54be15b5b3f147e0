#include "gateways/rest/rate_limiter.hpp"

#include <algorithm>

namespace troupe {

rate_limiter::rate_limiter(std::uint32_t per_second, std::chrono::seconds burst)
    : per_second_(per_second),
      interval_us_(per_second == 0 ? 0 : std::max<std::int64_t>(1, 1'000'000 / per_second)),
      burst_us_(std::max<std::int64_t>(interval_us_, burst.count() * 1'000'000)) {}

rate_limiter::part& rate_limiter::part_of(std::string_view caller) {
  return parts_[text_hash{}(caller) % parts_.size()];
}

// Amortised: after it, at least as many callers have to come as stay.
void rate_limiter::drop_whole(part& of, std::int64_t now_us) {
  if (of.whole_at.size() < of.look_again_at)
    return;
  std::erase_if(of.whole_at, [now_us](const auto& entry) { return entry.second <= now_us; });
  of.look_again_at = std::max<std::size_t>(1024, of.whole_at.size() * 2);
}

std::chrono::milliseconds rate_limiter::take(std::string_view caller, timestamp now,
                                             std::uint32_t cost) {
  using std::chrono::milliseconds;
  if (!limits())
    return milliseconds{0};
  const auto now_us = now.ms * 1000;
  auto& in = part_of(caller);
  const std::lock_guard lock{in.mutex};
  auto found = in.whole_at.find(caller);
  if (found == in.whole_at.end()) {
    drop_whole(in, now_us);
    found = in.whole_at.emplace(std::string{caller}, now_us).first;
  }
  const auto after = std::max(found->second, now_us) + interval_us_ * cost;
  if (const auto late_us = after - now_us - burst_us_; late_us > 0)
    return milliseconds{(late_us + 999) / 1000};
  found->second = after;
  return milliseconds{0};
}

void rate_limiter::charge(std::string_view caller, timestamp now, std::uint32_t cost) {
  if (!limits())
    return;
  const auto now_us = now.ms * 1000;
  auto& in = part_of(caller);
  const std::lock_guard lock{in.mutex};
  drop_whole(in, now_us);
  auto& whole_at = in.whole_at[std::string{caller}];
  // No debt beyond one burst, or a caller would be shut out for long by what others did in its
  // name.
  whole_at = std::min(std::max(whole_at, now_us) + interval_us_ * cost, now_us + 2 * burst_us_);
}

std::size_t rate_limiter::size() {
  std::size_t all = 0;
  for (auto& one : parts_) {
    const std::lock_guard lock{one.mutex};
    all += one.whole_at.size();
  }
  return all;
}

}  // namespace troupe
