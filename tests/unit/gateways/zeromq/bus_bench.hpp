#pragma once

#include "gateways/zeromq/zeromq_gateway.hpp"
#include "tests/support/redis_server.hpp"

#include <zmq.hpp>

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace troupe {

/// Frames of one message, without the identity.
using frames = std::vector<std::string>;

/// A running gateway over a Redis of its own.
struct bus_bench {
  explicit bus_bench(zeromq_options with = {});

  /// An event with these keys goes to the gateway.
  void tell(std::uint64_t n, const std::string& exchange, const std::string& key,
            const std::vector<std::string>& cc = {}, std::uint16_t shard = 0);

  /// Writes entries `first`..`last` of a stream at once; entry n has `ms + n` and the payload
  /// {"n":n}.
  void write_log(std::uint16_t stream, std::int64_t ms, std::uint64_t first, std::uint64_t last,
                 const std::string& exchange = "exchange/q/v1/e",
                 const std::string& key = "primary.k");

  test::redis_server redis;
  zeromq_gateway gateway;
};

/// A client of the gateway. Receiving waits for seconds at most, so that a failure ends.
class bus_client {
 public:
  explicit bus_client(zmq::socket_type type);

  void connect(std::uint16_t port);

  /// Subscribes, and waits until the gateway knows.
  void subscribe(std::uint16_t port, const std::vector<std::string>& prefixes);

  /// The next message that is no heartbeat; empty when none comes.
  frames receive();

  /// Any message.
  frames receive_any();

  void send(const frames& words);

  /// Asks for a replay, and collects what is answered: MSG ... END, or ERROR.
  std::vector<frames> replay(const std::string& body);

  zmq::context_t context;
  zmq::socket_t socket;
};

/// A frame as JSON.
boost::json::object json_of(const std::string& text);

}  // namespace troupe
