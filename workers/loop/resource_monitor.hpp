#pragma once

#include "workers/processes/process_tree.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe {

/// What was seen of the processes of a run while it ran.
class resource_report {
 public:
  /// Takes what was used `at` after the start.
  void add(std::chrono::duration<double> at, const process_use& use);

  /// Peaks and averages in lines for the log; none when nothing was seen.
  std::vector<std::string> lines() const;

 private:
  std::size_t samples_ = 0;
  std::chrono::duration<double> last_{0};
  double last_cpu_ = 0;
  double peak_cpu_ = 0;  // processors
  std::uint64_t peak_memory_ = 0;
  double sum_memory_ = 0;
  std::size_t peak_processes_ = 0;
};

/// Looks at the processes below one twice a second, by a thread of its own, as long as it lives.
class resource_monitor {
 public:
  explicit resource_monitor(pid_t root);
  ~resource_monitor();
  resource_monitor(const resource_monitor&) = delete;
  resource_monitor& operator=(const resource_monitor&) = delete;

  /// Looks no more, and tells what was seen.
  std::vector<std::string> finish();

 private:
  void watch();

  const pid_t root_;
  resource_report report_;
  std::mutex guard_;
  std::condition_variable changed_;
  bool done_ = false;  // guarded
  std::thread thread_;
};

}  // namespace troupe
