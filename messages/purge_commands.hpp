#pragma once

#include "messages/reply_handle.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <string>

namespace troupe {

/// Read what Redis holds; the first message.
struct open_purge_requests {};

/// Have caches of a name dropped that are older than now.
struct request_purge {
  std::string pool;   ///< workerPoolId
  std::string cache;  ///< any text
  reply_handle reply;
};

/// Answer a page of all requests, by pool and cache. `after` is what the page before called its
/// end.
struct list_purge_requests {
  std::uint32_t limit = 1000;
  std::string after;
  reply_handle reply;
};

/// Answer all requests of a pool that are not from before `since`, first-made first.
struct find_purge_requests {
  std::string pool;
  timestamp since;
  reply_handle reply;
};

/// A request may have had its day.
struct purge_timer_fired {};

}  // namespace troupe
