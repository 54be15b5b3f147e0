#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace troupe {

/// Takes complete lines from any thread and writes them on one of its own. What comes within a
/// moment is written together, so that a line costs those who have it a copy, and no wake-up.
class record_writer {
 public:
  struct options {
    /// Lines that may wait, in bytes: beyond it, because whoever reads the log does not, they are
    /// dropped.
    std::size_t most_bytes = 8 * 1024 * 1024;
    /// How long the first line waits for others.
    std::chrono::milliseconds moment{10};
  };
  using sink = std::function<void(std::string_view lines)>;

  /// `write` is called on the thread of the writer only.
  record_writer(sink write, options how);
  /// Writes what waits.
  ~record_writer();
  record_writer(const record_writer&) = delete;
  record_writer& operator=(const record_writer&) = delete;

  void add(std::string_view lines);

  /// Does not wait for others.
  void add_at_once(std::string_view lines);

  /// Lines that were dropped.
  std::size_t dropped() const;

 private:
  void add(std::string_view lines, bool at_once);
  void run();

  const sink write_;
  const options how_;
  mutable std::mutex mutex_;  // of all that follows
  std::condition_variable changed_;
  std::string waiting_;
  std::size_t dropped_ = 0;
  bool hurry_ = false;  // what waits is not to wait for more
  bool ending_ = false;
  std::thread thread_;  // last, for it uses the others
};

}  // namespace troupe
