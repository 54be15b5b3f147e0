#pragma once

#include "messages/timestamp.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace troupe {

/// One request: caches of that name that were made before are to go.
struct purge_request {
  timestamp before;
  timestamp expires;

  friend bool operator==(const purge_request&, const purge_request&) = default;
};

/// What a request is kept under: workerPoolId and name of the cache. A pool's id has one slash and
/// no blank, so keys keep its requests together.
using purge_key = std::pair<std::string, std::string>;

/// All requests, by pool and cache.
struct purge_cache_state {
  std::map<purge_key, purge_request> requests;
};

}  // namespace troupe
