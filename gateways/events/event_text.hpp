#pragma once

#include "runtime/events/event.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// How an event is told.
enum class event_form : std::uint8_t {
  message,  ///< a JSON text message of the WebSocket feed (dev-mode contract, section 2)
  stream,   ///< a server-sent event (events contract, section 4)
};

/// The event in its form.
std::string event_text(const event& what, event_form form);

/// Tells that events were left out: so many, as the reader was too slow.
std::string dropped_text(std::uint64_t count, event_form form);

/// Tells that what came after this event may be kept no longer.
std::string cut_text(const event_id& after, event_form form);

/// A server-sent event with its data.
std::string stream_text(std::string_view name, std::string_view data);

}  // namespace troupe
