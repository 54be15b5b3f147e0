#pragma once

#include "messages/ids.hpp"
#include "runtime/auth/credentials.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// What a host of shells needs to know.
struct shell_host_options {
  std::string root_url;
  task_id task;
  run_id run = 0;
  std::function<credentials()> by;  ///< those of the moment; on any thread
  /// Starts a shell on a terminal, of which it keeps what it has; false when that cannot be. On a
  /// thread of the host, until `close` returns. Of a display, `which` is its name, and what it is
  /// given a socket in place of a terminal.
  std::function<bool(int terminal, const std::string& which)> start;
  /// Displays are offered in place of shells: those whose sockets of X11 are in this directory.
  std::string displays = {};
};

/// The displays whose sockets are in the directory, by their names (`:0`), in order.
std::vector<std::string> displays_in(const std::string& directory);

/// Offers shells in a running task to whoever knows the secret. The worker may be where nobody can
/// reach it, so it connects to the server, which holds the connection until somebody comes, and
/// says so; from then on it is that reader's, and the next one is offered. An offer that is lost is
/// made again. All of it on a thread of its own.
class shell_host {
 public:
  explicit shell_host(shell_host_options options);
  ~shell_host();
  shell_host(const shell_host&) = delete;
  shell_host& operator=(const shell_host&) = delete;

  /// Where readers find the shells: a WebSocket that has the secret in its path.
  const std::string& socket_url() const;

  /// Waits until shells can be had; false when that takes longer.
  bool wait_until_offered(std::chrono::milliseconds longest);

  /// Offers no more and hangs up all that are open; starts none after it has returned.
  void close();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
