#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe {

/// A few threads that do file work, so that lanes never wait for a disk. Jobs of one sequence are
/// the business of who gives them: the next one is given when the former is done.
class file_pool {
 public:
  explicit file_pool(unsigned threads);

  /// Finishes the jobs that were given, and ends.
  ~file_pool();
  file_pool(const file_pool&) = delete;
  file_pool& operator=(const file_pool&) = delete;

  /// Runs the job on one of the threads; from any thread. Jobs do not throw.
  void run(std::function<void()> job);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<std::function<void()>> jobs_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace troupe
