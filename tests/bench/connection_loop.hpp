#pragma once

#include "tests/bench/connection.hpp"

#include <netinet/in.h>

#include <cstdint>

namespace troupe_load {

/// Hears what becomes of requests.
class connection_listener {
 public:
  /// A whole response is there; the connection may be used again at once.
  virtual void on_response(connection& of) = 0;

  /// The connection was lost while a response was awaited, and is closed.
  virtual void on_broken(connection& of, const char* how) = 0;

 protected:
  ~connection_listener() = default;
};

/// Moves the bytes of connections, without ever blocking in one of them.
class connection_loop {
 public:
  connection_loop(const sockaddr_in& server, connection_listener& listener, statistics& seen);
  ~connection_loop();
  connection_loop(const connection_loop&) = delete;
  connection_loop& operator=(const connection_loop&) = delete;

  /// Sends what stands in `out`, over a new socket if there is none.
  void send(connection& over);

  void close(connection& what);

  /// Waits for something to happen, and handles it.
  void wait(std::int64_t most_ns);

 private:
  void open(connection& what);
  void flush(connection& what);
  void read(connection& from);
  void lose(connection& what, const char* how);
  void ask_for_out(connection& what, bool wanted);

  sockaddr_in server_;
  connection_listener& listener_;
  statistics& seen_;
  int epoll_;
};

}  // namespace troupe_load
