#pragma once

#include "gateways/rest/takeover.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What is registered for one verb and path besides the API methods.
struct door_route {
  std::string verb;
  std::string pattern;
  door_access access = door_access::open;
  bool upgrade = false;  ///< for requests with `Upgrade: websocket` only
  page_handler page;
  stream_handler stream;
  upgrade_handler take_over;
};

/// The routes of pages, streams and upgrades. Filled before the lanes run, then only read.
class door_routes {
 public:
  /// What a path found.
  struct match {
    const door_route* route = nullptr;    ///< null: the path is known, the verb is not
    std::vector<std::string> params;      ///< decoded
    bool bad_escape = false;              ///< a parameter could not be decoded
    std::vector<std::string_view> verbs;  ///< all verbs of the path
  };

  void add(door_route route);

  /// False when no route can match: quick, for the many requests that are API calls.
  bool may_match(std::string_view path) const;

  /// Finds the route of a request; nothing when the path is unknown. HEAD finds GET.
  std::optional<match> find(std::string_view verb, std::string_view path, bool upgrade) const;

 private:
  std::vector<door_route> routes_;
  std::vector<std::string> prefixes_;  // what stands before the first parameter, without repeats
};

}  // namespace troupe
