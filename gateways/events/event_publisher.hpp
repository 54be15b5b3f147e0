#pragma once

#include "messages/api_error.hpp"
#include "messages/caller.hpp"

#include <boost/json/fwd.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

class lane;

/// An event that somebody from outside wants to be published.
struct publication {
  std::string exchange;
  std::string routing_key;
  std::vector<std::string> cc;  ///< `route.<route>` each
  std::string payload;          ///< JSON object

  /// Reads `{"exchange", "routingKey", "routes", "payload"}`, of which only the exchange is needed.
  /// The error says what is wrong with which.
  static outcome<publication> read(const boost::json::value& said);
};

/// Whether the caller may publish to the exchange: scope `events:publish:<exchange>`. The error is
/// the 403.
outcome<void> may_publish(const caller& by, std::string_view exchange);

/// Whether there is an exchange to which the caller may publish.
bool may_publish_somewhere(const caller& by);

/// Writes what others publish to a stream of its own, from where it goes the way of all events: to
/// the server's own consumers, to subscribers of every kind, and into replays.
class event_publisher {
 public:
  using told = std::function<void(outcome<void>)>;

  /// Streams of services are written by the first lane.
  explicit event_publisher(lane& first) : first_(first) {}

  /// Publishes, and then calls `done` on `from`, behind whatever subscribers there were told of the
  /// event. From the thread of that lane.
  void publish(lane& from, publication what, told done);

 private:
  lane& first_;
};

}  // namespace troupe
