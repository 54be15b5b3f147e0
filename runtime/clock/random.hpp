#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace troupe {

/// Where randomness comes from. Injected, so that a run can be repeated from a seed.
class random_source {
 public:
  virtual ~random_source() = default;

  /// Fills the bytes.
  virtual void fill(std::span<std::uint8_t> bytes) = 0;

  /// 64 random bits.
  std::uint64_t next();
};

/// Bytes fit for keys and ids, from the kernel in large pieces. One per thread.
class system_random final : public random_source {
 public:
  void fill(std::span<std::uint8_t> bytes) override;

 private:
  std::uint8_t pool_[4096];
  std::size_t used_ = sizeof pool_;
};

/// A repeatable sequence for tests and simulation; never for keys.
class seeded_random final : public random_source {
 public:
  explicit seeded_random(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::uint8_t> bytes) override;

 private:
  std::uint64_t state_;
};

/// A slugid: a version 4 UUID in URL-safe base64, the first bit cleared so that it never begins
/// with a dash.
std::string make_slugid(random_source& random);

/// A version 4 UUID in its usual form of 36 characters.
std::string make_uuid(random_source& random);

/// The calling thread's source of fit bytes.
random_source& thread_random();

}  // namespace troupe
