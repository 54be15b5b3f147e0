#pragma once

#include <span>
#include <string>
#include <string_view>

namespace troupe {

/// `<exchange>|<key>.`, the first frame of an event on ZeroMQ. ZeroMQ compares bytes from the
/// front, and the closing dot keeps the prefix `a.b.` from matching `a.bc`.
std::string topic_frame(std::string_view exchange, std::string_view key);

/// The topic of the heartbeats that tell how far the log has come.
inline constexpr std::string_view heartbeat_topic = "heartbeat|";

/// What somebody wants to hear of: events of one exchange whose primary key, or one of whose
/// further keys, matches a pattern.
struct binding {
  std::string exchange;
  std::string pattern = "#";

  /// What to subscribe to on ZeroMQ: the pattern up to its first wildcard. It lets through at
  /// least what the binding wants; `matches` tells the rest.
  std::string zeromq_prefix() const;

  /// Whether an event with these keys is wanted.
  bool matches(std::string_view of_exchange, std::string_view routing_key,
               std::span<const std::string> cc) const;
};

}  // namespace troupe
