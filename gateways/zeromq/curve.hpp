#pragma once

#include "messages/api_error.hpp"

#include <zmq.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace troupe {

/// Who may connect when the bus is encrypted. Keys are in ZeroMQ's text form, 40 characters (Z85).
struct curve_access {
  std::string server_secret_key;
  /// The name of who holds a public key; empty: refused. Called on the gateway's thread for every
  /// new connection.
  std::function<std::string(std::string_view public_key)> name_of;
};

/// Reads the keys of a directory. `server.key` holds the server's secret key and is made, readable
/// by its owner only, together with `server.pub` for the clients when it is not there. `clients`
/// holds a public key and a name on each line (`# ` begins a comment line), and is read again when
/// it was changed. The error says which file to write.
outcome<curve_access> load_curve_access(const std::string& directory);

/// Makes a socket demand encryption and known keys.
void demand_curve(zmq::socket_t& socket, const curve_access& access);

/// Answers libzmq's question, for each new connection, whether it may come in (ZAP 1.0). One for a
/// context; must be open before the sockets it guards are bound.
class zap_handler {
 public:
  zap_handler(zmq::context_t& context, curve_access access);

  /// The socket to wait for.
  zmq::socket_t& socket() { return socket_; }

  /// Answers what has come.
  void answer();

 private:
  zmq::socket_t socket_;
  curve_access access_;
};

}  // namespace troupe
