#pragma once

#include <compare>
#include <cstdint>

namespace troupe {

/// The address of an answer: a slot of a lane of a node, with a generation that tells a reused
/// slot from the one meant. Gateways make handles, actors carry them and answer them once; the
/// lane that made a handle resolves it to the session that waits.
struct reply_handle {
  std::uint16_t node = 0;
  std::uint16_t lane = 0;
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;  ///< 0: nobody waits for this answer

  /// False when nobody waits for the answer.
  explicit operator bool() const { return generation != 0; }

  friend auto operator<=>(const reply_handle&, const reply_handle&) = default;
};

}  // namespace troupe
