#pragma once

#include "workers/loop/queue_client.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// The log of a run: kept whole in a file of the worker, and sent to the server as it grows. When
/// the server is away the task goes on; the rest is sent from where the server stands.
class live_log {
 public:
  live_log(queue_client& client, std::string file, std::string task, std::string run);
  ~live_log();
  live_log(const live_log&) = delete;
  live_log& operator=(const live_log&) = delete;

  /// Adds bytes of the task.
  void write(std::string_view bytes);

  /// Adds a line of the worker, `[taskcluster <time>] <text>`.
  void note(std::string_view text);
  void note_error(std::string_view text);

  /// Sends what was not sent; false when the server does not take it now.
  bool send(const credentials& by);

  /// Tells the server that nothing more comes.
  void finish(const credentials& by);

  /// All of it.
  std::string text() const;

  std::uint64_t size() const { return size_; }

 private:
  std::string target() const;

  queue_client& client_;
  std::string path_;
  std::string task_;
  std::string run_;
  int file_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t sent_ = 0;
};

}  // namespace troupe
