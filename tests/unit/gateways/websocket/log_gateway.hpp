#pragma once

#include "tests/unit/gateways/rest/door/running_gateway.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// A gateway with the doors of logs and the task page, and the logs behind them.
class log_gateway {
 public:
  log_gateway();
  ~log_gateway();

  std::uint16_t port() const { return gateway_.port; }

  /// An Authorization header line of a client who may do all, or of another.
  std::string signature(std::string_view verb, const std::string& target,
                        std::string_view client = "tester") const {
    return gateway_.signature(verb, target, client);
  }

  /// Appends to the log, or finishes it, over HTTP.
  received append(std::uint64_t offset, std::string_view text, int run = 0);
  received finish(int run = 0);

  /// The path of the log.
  static std::string log_target(int run = 0);

 private:
  std::string directory_;
  running_gateway gateway_;
};

/// A WebSocket client that waits for what it is told.
class socket_client {
 public:
  explicit socket_client(std::uint16_t port);

  /// Upgrades; the HTTP status.
  unsigned open(const std::string& target, const std::string& authorization,
                const std::vector<std::pair<std::string, std::string>>& headers = {});

  /// The next message, or what came when the log was closed: empty, with `close_code` set.
  std::string receive();

  /// Messages until there are so many bytes.
  std::string receive_bytes(std::size_t size);

  /// Messages until the socket is closed.
  std::string receive_all();

  unsigned close_code() const { return socket_.reason().code; }
  std::string close_reason() const { return std::string{socket_.reason().reason.c_str()}; }

  void send(const std::string& text);

  /// Cuts the connection without a word.
  void vanish();

 private:
  boost::asio::io_context io_;
  boost::beast::websocket::stream<boost::asio::ip::tcp::socket> socket_;
};

}  // namespace troupe
