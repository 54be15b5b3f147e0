#pragma once

#include <sys/types.h>
#include <string>

namespace troupe::test {

/// A private redis-server on a unix socket in a directory of its own, with an append-only file.
/// Ends with the object; `kill` and `start` let a test lose it and bring it back.
class redis_server {
 public:
  /// Starts the server and waits until it answers; throws when redis-server is missing.
  explicit redis_server(std::string fsync = "everysec");
  ~redis_server();
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  void start();
  /// SIGKILL, as a crash would.
  void kill();
  /// SIGSTOP and SIGCONT: alive, but without an answer.
  void pause();
  void resume();

  std::string address() const { return "unix:" + socket_path(); }
  std::string socket_path() const { return directory_ + "/redis.sock"; }
  const std::string& directory() const { return directory_; }
  pid_t pid() const { return pid_; }

  /// One command, blocking; the reply's text (numbers in decimal, errors with "ERR").
  std::string ask(const std::string& command) const;

 private:
  std::string directory_;
  std::string fsync_;
  pid_t pid_ = -1;
};

}  // namespace troupe::test
