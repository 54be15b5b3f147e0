#pragma once

#include "runtime/queue_client/queue_client.hpp"
#include "workers/loop/queue_port.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace troupe {

/// The log of a run: kept whole in a file of the worker, and sent to the server as it grows, by a
/// thread of its own. When the server is away the task goes on; the rest is sent from where the
/// server stands. What a task writes beyond a bound is not kept, which the log says. Written by one
/// thread.
class live_log {
 public:
  /// `by` answers the credentials of the moment, on any thread; the task may write `most` bytes.
  live_log(std::string root_url, std::string file, const run_address& run,
           std::function<credentials()> by, std::uint64_t most);
  /// Sends no more.
  ~live_log();
  live_log(const live_log&) = delete;
  live_log& operator=(const live_log&) = delete;

  /// Adds bytes of the task, as many as it may still write.
  void write(std::string_view bytes);

  /// Adds a line of the worker, `[taskcluster <time>] <text>`.
  void note(std::string_view text);
  void note_error(std::string_view text);
  void note_warning(std::string_view text);

  /// Sends the rest and tells the server that nothing more comes; false when the server does not
  /// take it now. Can be repeated.
  bool finish();

  /// The file that holds all of it, and how much that is now.
  int file() const { return file_; }
  std::uint64_t size() const;

 private:
  enum class sending { going_on, finish_wanted, finished, failed };

  void append(std::string_view bytes);
  std::size_t store(std::string_view bytes);
  void send_as_it_grows();
  bool send_rest();
  bool tell_end();

  const std::string target_;
  const std::function<credentials()> by_;
  int file_ = -1;
  const std::uint64_t most_;
  std::uint64_t left_;  // of the task
  bool cut_ = false;
  std::uint64_t missing_ = 0;  // bytes that the disk did not take, since it last took something
  int why_missing_ = 0;
  std::atomic<bool> dropped_{false};
  queue_client client_;              // of the thread
  std::uint64_t sent_ = 0;           // of the thread
  bool refused_ = false;             // of the thread: the last answer was a final no
  std::chrono::milliseconds pause_;  // of the thread
  mutable std::mutex guard_;
  std::condition_variable changed_;
  std::uint64_t size_ = 0;             // guarded
  sending state_ = sending::going_on;  // guarded
  std::thread thread_;
};

}  // namespace troupe
