#pragma once

#include "messages/api_error.hpp"
#include "runtime/config/settings.hpp"

#include <sys/types.h>
#include <string>

namespace troupe {

/// The redis-server that `troupe up` starts for itself: reached by a unix socket in the data
/// directory, with an append-only file. It ends with the object, after its data are written.
class private_redis {
 public:
  /// Starts it and waits until it answers. The error says in one line what is missing.
  static outcome<private_redis> start(const std::string& data_directory, durability durable);

  private_redis(private_redis&& other) noexcept;
  private_redis& operator=(private_redis&& other) noexcept;
  ~private_redis();

  /// The address for `--redis`.
  std::string address() const { return "unix:" + socket_; }

  pid_t pid() const { return pid_; }

  /// Ends it in order: what was written is safe. Called by the destructor, too.
  void stop();

 private:
  private_redis() = default;

  std::string socket_;
  pid_t pid_ = -1;
};

}  // namespace troupe
