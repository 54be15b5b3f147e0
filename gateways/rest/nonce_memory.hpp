#pragma once

#include "messages/timestamp.hpp"

#include <array>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_set>

namespace troupe {

/// Remembers signatures as long as they would be accepted, so that what was overheard cannot be
/// sent again. Shared by all lanes. 16 bytes of each signature are kept, for half an hour to an
/// hour.
class nonce_memory {
 public:
  /// False when this signature was seen before; from any thread.
  bool is_new(std::string_view mac, timestamp now);

  /// Signatures that are remembered.
  std::size_t size();

 private:
  struct digest {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    bool operator==(const digest&) const = default;
  };
  struct digest_hash {
    std::size_t operator()(const digest& of) const { return of.low; }
  };
  using digests = std::unordered_set<digest, digest_hash>;
  struct part {
    std::mutex mutex;
    digests young, old;
    timestamp turned;
  };

  std::array<part, 16> parts_;
};

}  // namespace troupe
