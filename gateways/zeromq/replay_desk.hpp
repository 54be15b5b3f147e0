#pragma once

#include "gateways/zeromq/event_log_reader.hpp"
#include "runtime/events/binding.hpp"

#include <zmq.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Serves replays of the event log over a ROUTER socket, on one thread.
///
/// A request is `REPLAY` and a JSON object with any of `after` (the id of an event; `fromSeq` means
/// the same), `exchange` and `pattern`. The answer is a `MSG` with topic, meta and payload for each
/// event, and `END` with `{"events", "gap", "newest"}`: how many were sent, whether some are kept
/// no longer, and the newest id read of each stream. A request that cannot be served is answered
/// with `ERROR` and `{"message"}`. Requests of one client are served one after the other; a client
/// that does not read waits without holding up others.
class replay_desk {
 public:
  /// `router` outlives the desk, has ROUTER_MANDATORY set and a high-water mark.
  replay_desk(zmq::socket_t& router, redis_endpoint log);

  /// Takes all requests that have come.
  void take_requests();

  /// Sends a part of each replay; how long until there is more to send, nothing when no replay is
  /// under way.
  std::optional<std::chrono::milliseconds> go_on();

 private:
  struct replay {
    std::string client;
    bool delimited = false;  // a REQ socket puts an empty frame before its words
    std::optional<event_id> after;
    std::string exchange;
    std::optional<std::string> pattern;
    bool begun = false;
    bool gap = false;
    log_position position;
    event_page page;
    std::size_t next_of_page = 0;
    std::uint64_t sent = 0;
    int stalled_rounds = 0;
  };

  enum class step { more, full, over };

  void take_request(std::vector<zmq::message_t>& frames);
  step advance(replay& job);
  step send_page(replay& job);
  step finish(const replay& job);
  step refuse(const replay& job, std::string_view why);
  step send(const replay& job, std::initializer_list<std::string_view> frames);

  zmq::socket_t& router_;
  event_log_reader log_;
  std::list<replay> replays_;
};

}  // namespace troupe
