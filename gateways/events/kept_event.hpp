#pragma once

#include "runtime/events/event.hpp"

#include <string>
#include <vector>

namespace troupe {

/// An event with texts of its own.
struct kept_event {
  explicit kept_event(const event& what)
      : id(what.id),
        time(what.time),
        exchange(what.exchange),
        routing_key(what.routing_key),
        cc(what.cc.begin(), what.cc.end()),
        payload(what.payload) {}

  /// The event, as long as this stays.
  event view() const { return {id, exchange, routing_key, cc, payload, time}; }

  event_id id;
  timestamp time;
  std::string exchange;
  std::string routing_key;
  std::vector<std::string> cc;
  std::string payload;
};

}  // namespace troupe
