#include "gateways/rest/nonce_memory.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <utility>

namespace troupe {

namespace {

// A signature counts from 15 minutes before its time to 15 minutes after.
constexpr std::chrono::minutes as_long_as_accepted{30};

}  // namespace

bool nonce_memory::is_new(std::string_view mac, timestamp now) {
  const auto hash = XXH3_128bits(mac.data(), mac.size());
  const digest of{hash.high64, hash.low64};
  auto& in = parts_[of.high % parts_.size()];
  const std::lock_guard lock{in.mutex};
  if (now - in.turned > as_long_as_accepted) {
    in.old = now - in.turned > 2 * as_long_as_accepted ? digests{} : std::move(in.young);
    in.young = {};
    in.turned = now;
  }
  return !in.old.contains(of) && in.young.insert(of).second;
}

std::size_t nonce_memory::size() {
  std::size_t all = 0;
  for (auto& one : parts_) {
    const std::lock_guard lock{one.mutex};
    all += one.young.size() + one.old.size();
  }
  return all;
}

}  // namespace troupe
