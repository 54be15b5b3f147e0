#pragma once

#include "messages/timestamp.hpp"

#include <boost/json/value.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// A request of the purge-cache service: copies of the cache from before the time are to go.
struct purge_request {
  std::string cache;
  timestamp before;

  friend bool operator==(const purge_request&, const purge_request&) = default;
};

/// What a worker has heard of the purge-cache service. From any thread.
class purge_ledger {
 public:
  /// From which time on requests are wanted; nothing: all. Some are heard twice, so that clocks
  /// need not agree.
  std::optional<timestamp> since() const;

  /// Whether it is time to ask for a task without caches, too: the service forgets its requests
  /// after a day.
  bool is_due(timestamp now) const;

  /// Takes the answer to a question that was asked at `asked`, and gives what is to be purged now:
  /// each request once, with some slack for clocks that do not agree.
  std::vector<purge_request> take(const boost::json::value& answer, timestamp asked);

 private:
  mutable std::mutex guard_;
  std::optional<timestamp> asked_;           // guarded
  std::map<std::string, timestamp> obeyed_;  // guarded: by cache, the `before` of the last request
};

}  // namespace troupe
