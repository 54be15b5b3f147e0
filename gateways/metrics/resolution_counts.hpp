#pragma once

#include "runtime/events/event.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

namespace troupe {

/// Counts how tasks of a lane resolved, by their events: repeats of a message count again, as in
/// queue contract 9.7. Used on the lane alone.
class resolution_counts final : public event_listener {
 public:
  /// How a task resolved, in the words of the exchanges.
  enum class how : std::uint8_t { completed, failed, exception };

  /// How, the queue, and the reason (empty for completed ones).
  using key = std::tuple<how, std::string, std::string>;
  using table = std::map<key, std::uint64_t>;

  void on_event(const event& what) override;

  const table& counts() const { return counts_; }

 private:
  table counts_;
};

}  // namespace troupe
