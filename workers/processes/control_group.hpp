#pragma once

#include "messages/api_error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What the processes of a task may have of the machine together.
struct group_limits {
  std::uint64_t memory_bytes = 0;  ///< 0: any
  unsigned processes = 0;          ///< threads count, too; 0: any
};

/// A control group of the kernel for the processes of one run. Whatever is still in it when this
/// object goes is ended.
class control_group {
 public:
  /// `directories`: of the group, one for each controller.
  control_group(std::string memory_directory, std::string processes_directory);
  ~control_group();
  control_group(const control_group&) = delete;
  control_group& operator=(const control_group&) = delete;

  /// The command that runs `words` within it. One that cannot go there ends with code 125.
  std::vector<std::string> entering(const std::vector<std::string>& words) const;

  /// How many processes the kernel has ended because together they had too much memory.
  std::uint64_t ended_for_memory() const;

  /// How often the kernel has refused to make one more process.
  std::uint64_t processes_refused() const;

 private:
  std::vector<std::string> directories() const;

  const std::string memory_;     // empty: without this limit
  const std::string processes_;  // the same
};

/// Where this process is within the hierarchy of a controller of version 1, by the texts of
/// /proc/self/cgroup and /proc/self/mountinfo; empty when there is none.
std::string group_directory_of(std::string_view controller, std::string_view groups,
                               std::string_view mounts);

/// Makes control groups (version 1 of the kernel's) for runs, below those of this process.
class control_groups {
 public:
  /// The error says why that cannot be, and what to do. What workers that were killed have left is
  /// removed.
  static outcome<std::shared_ptr<const control_groups>> open(const group_limits& limits);

  /// The group of a run; `name` is one of a file, and that of no other run of this worker.
  outcome<std::unique_ptr<control_group>> make(const std::string& name) const;

  const group_limits& limits() const { return limits_; }

 private:
  explicit control_groups(const group_limits& limits) : limits_(limits) {}

  group_limits limits_;
  std::string memory_;     // the directory of this process; empty: without this limit
  std::string processes_;  // the same
};

}  // namespace troupe
