#pragma once

#include <cstdint>
#include <string>

namespace troupe_load {

/// Random numbers in a few instructions; ample for ids and nonces of a benchmark.
class random_source {
 public:
  explicit random_source(std::uint64_t seed) : state_(seed ? seed : 88172645463325252ull) {}

  std::uint64_t operator()() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 2685821657736338717ull;
  }

  /// From 0 to below 1.
  double unit() { return static_cast<double>((*this)() >> 11) * (1.0 / 9007199254740992.0); }

 private:
  std::uint64_t state_;
};

/// A "nice" slugid: a v4 UUID in URL-safe base64, the first bit cleared.
std::string slugid(random_source& random);

}  // namespace troupe_load
