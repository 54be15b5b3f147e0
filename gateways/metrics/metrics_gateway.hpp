#pragma once

#include "messages/api_error.hpp"
#include "runtime/mirrors/copy_counts.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace troupe {

class lane;
class lane_store;
class rest_gateway;
class switchboard;
struct build_info;
struct settings;

/// The door of those who watch over the server: Prometheus metrics at `/metrics` and the state of
/// the server at `/health`, at a port of their own, without credentials (operations contract,
/// sections 3 and 7). Figures are put together when they are asked for; nothing is polled.
class metrics_gateway {
 public:
  /// Everything outlives it. Made before the lanes run.
  struct parts {
    std::vector<lane*> lanes;  ///< by index
    switchboard* board = nullptr;
    const settings* config = nullptr;
    const copy_counts* copies = nullptr;  ///< null: there are no sites with copies
  };

  metrics_gateway(const parts& given, const build_info& build);
  ~metrics_gateway();

  /// The store of the next lane, in their order; before the lanes run.
  void listen_to(lane_store& store);

  /// Begins to listen; the port, or an error whose message says what to do.
  outcome<std::uint16_t> open(rest_gateway& rest);

  /// Ends all connections; nothing is answered any more.
  void close();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
