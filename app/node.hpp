#pragma once

#include "messages/api_error.hpp"
#include "runtime/config/settings.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe {

/// Where a running node can be reached.
struct node_doors {
  std::string root_url;
  std::uint16_t http_port = 0;
  std::uint16_t https_port = 0;  ///< 0: not served
  std::uint16_t zmq_pub_port = 0;
  std::uint16_t zmq_router_port = 0;
  std::uint16_t caf_port = 0;
  std::uint16_t metrics_port = 0;
  std::string caf_address;  ///< `host:port` by which workers of this machine reach it
};

/// How many lanes a node of these settings has.
unsigned lane_count(const settings& config);

/// The platform in one process: lanes with their actors over Redis, and all doors.
class node {
 public:
  /// `data_dir` is open and locked; `config.redis` is set.
  node(settings config, std::string data_dir);
  ~node();

  /// Recovers what Redis holds and opens the doors. The error says in one line what to do.
  outcome<node_doors> start();

  /// Called, on any thread, when the node cannot go on.
  void on_fatal(std::function<void(std::string)> handler);

  /// Stops in order: takes nothing new, answers those who wait, writes what is under way.
  void stop();

  /// How many tasks came back from Redis.
  std::size_t recovered_tasks() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
