#pragma once

#include "tests/bench/process_use.hpp"
#include "tests/bench/report.hpp"

#include <cstdint>
#include <vector>

namespace troupe_load {

/// The use of CPU between its making and `stop`: of watched processes, this one and the machine.
class measurement {
 public:
  explicit measurement(const watch_list& watched);

  void stop();

  double seconds() const { return static_cast<double>(end_ns_ - begin_ns_) / 1e9; }

  /// Adds `watch` and the sums, counted for each of so many tasks and requests.
  void tell(report& out, long tasks, long requests) const;

 private:
  struct reading {
    machine_cpu machine;
    double own_s = 0;
    std::vector<tree_use> watched;
  };

  double watched_cpu_s(std::size_t which) const {
    return end_.watched[which].cpu_s - begin_.watched[which].cpu_s;
  }

  const watch_list& watched_;
  reading begin_, end_;
  std::int64_t begin_ns_ = 0, end_ns_ = 0;
};

}  // namespace troupe_load
