#pragma once

#include "messages/timestamp.hpp"
#include "runtime/events/event_stream.hpp"

#include <charconv>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The place of an event in the log: `<ms>-<stream>.<n>`, where the stream is a shard's number or a
/// service's name. `ms` never decreases within a stream, `n` counts without gaps (design, section
/// 5).
struct event_id {
  std::int64_t ms = 0;
  std::uint16_t stream = 0;
  std::uint64_t n = 0;

  /// `1764000000000-7.42`, `1764000000000-auth.42`
  std::string text() const {
    return std::to_string(ms) + '-' + std::string{stream_name(stream)} + '.' + std::to_string(n);
  }
};

/// An event that is safe in the log. The texts live as long as the call that hands it out.
struct event {
  event_id id;
  std::string_view exchange;        ///< `exchange/taskcluster-queue/v1/task-defined`
  std::string_view routing_key;     ///< the primary key
  std::span<const std::string> cc;  ///< further keys, `route.<route>` each
  std::string_view payload;         ///< JSON object
  timestamp time;
};

/// Takes events of one commit group after they are safe and before the requests that caused them
/// are answered. Called on the thread of the lane that committed, so from several threads at once
/// on a node with several lanes; must not block.
class event_listener {
 public:
  virtual ~event_listener() = default;
  virtual void on_event(const event& what) = 0;

  /// All events of the commit group were told.
  virtual void on_group_end() {}
};

}  // namespace troupe
