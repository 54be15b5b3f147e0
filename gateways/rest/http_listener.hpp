#pragma once

#include "messages/api_error.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

class http_lane;
class server_certificate;
struct accepted_connection;

/// The listening socket of a node. Lives on lane 0 and hands each connection to the lane that has
/// the fewest.
class http_listener : public std::enable_shared_from_this<http_listener> {
 public:
  /// With a certificate its connections speak HTTPS; null: HTTP.
  http_listener(std::vector<http_lane*> lanes, std::size_t max_connections,
                std::shared_ptr<server_certificate> certificate = nullptr);

  /// Opens the socket; the port, or an error that says what to do.
  outcome<std::uint16_t> open(const std::string& host, std::uint16_t port,
                              std::string_view setting = "http-port");

  /// Begins to accept; on lane 0.
  void start();

  /// Closes the socket; on lane 0. What waits in its queue is refused.
  void close();

 private:
  void wait();
  void accept_some();
  void give_away(accepted_connection&& connection);

  std::vector<http_lane*> lanes_;
  std::size_t max_connections_;
  std::shared_ptr<server_certificate> certificate_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::size_t next_ = 0;
};

}  // namespace troupe
