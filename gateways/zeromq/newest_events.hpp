#pragma once

#include "runtime/events/event.hpp"

#include <array>
#include <atomic>

namespace troupe {

/// The newest event of each stream, written by the lanes and read by whoever tells it.
class newest_events {
 public:
  /// The newest of its stream; on the one thread that commits for it.
  void note(const event_id& id) {
    auto& of = streams_[id.stream];
    of.n.store(id.n, std::memory_order_relaxed);
    of.ms.store(id.ms, std::memory_order_release);
  }

  /// As the log says it, perhaps behind what was noted meanwhile; from any thread.
  void raise(const event_id& id) {
    auto& of = streams_[id.stream];
    auto known = of.n.load(std::memory_order_relaxed);
    if (known < id.n && of.n.compare_exchange_strong(known, id.n))
      of.ms.store(id.ms, std::memory_order_release);
  }

  /// The newest event of a stream; `n` is 0 when none is known. Its `ms` may be an older one's.
  event_id of(std::uint16_t stream) const {
    event_id id;
    id.stream = stream;
    id.ms = streams_[stream].ms.load(std::memory_order_acquire);
    id.n = streams_[stream].n.load(std::memory_order_relaxed);
    return id;
  }

 private:
  struct place {
    std::atomic<std::int64_t> ms{0};
    std::atomic<std::uint64_t> n{0};
  };
  std::array<place, stream_count> streams_;
};

}  // namespace troupe
