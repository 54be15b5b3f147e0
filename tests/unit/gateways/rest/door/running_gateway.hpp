#pragma once

#include "gateways/rest/rest_gateway.hpp"
#include "messages/timestamp.hpp"
#include "runtime/auth/snapshot.hpp"
#include "runtime/blobs/blob_signer.hpp"
#include "runtime/blobs/blob_store.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace troupe {

/// What a client got.
struct received {
  unsigned status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

/// A blocking connection to the gateway, byte by byte as a test wants it.
class raw_client {
 public:
  explicit raw_client(std::uint16_t port);
  ~raw_client();
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  void send(std::string_view text);

  /// The next response. `head_only` for answers to HEAD.
  received read(bool head_only = false);

  /// True when the peer closed and sent nothing more.
  bool at_end();

  /// Shuts down what we send.
  void half_close();
  void close();

  /// One request on this connection.
  received ask(std::string_view verb, std::string_view target, std::string_view headers = {},
               std::string_view body = {});

 private:
  bool fill();

  int fd_ = -1;
  std::string buffer_;
};

/// A gateway with its lanes on threads of their own, and no actors behind: commands go nowhere, so
/// a call waits until the test answers it.
class running_gateway {
 public:
  static constexpr std::string_view token = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

  explicit running_gateway(settings with = {}, unsigned lanes = 1);
  ~running_gateway();

  /// Runs on a lane and waits until it is done.
  void on_lane(unsigned index, std::function<void(lane&)> job);

  /// Answers the call that waits in the first reply slot of lane 0, for the nth time.
  void answer_first(unsigned nth, answer result);

  /// Waits until that many calls wait on lane 0.
  void await_calls(std::size_t count);

  /// Waits until that many connections are open.
  void await_connections(std::size_t count);

  /// An Authorization header line of client `tester`, who may do everything but `secret:*`.
  std::string signature(std::string_view verb, std::string_view target,
                        std::string_view client = "tester") const;

  settings config;
  system_clock time;
  caf::actor_system_config caf_config;
  std::unique_ptr<caf::actor_system> system;
  std::vector<std::unique_ptr<lane>> lanes;
  std::unique_ptr<switchboard> board;
  blob_signer signer{"blob key"};
  std::string directory;
  std::unique_ptr<blob_store> blobs;
  std::unique_ptr<rest_gateway> gateway;
  std::vector<std::thread> threads;
  std::uint16_t port = 0;

  /// Begins to listen; routes must be added before.
  void start();
};

}  // namespace troupe
