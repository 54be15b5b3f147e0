#pragma once

#include "messages/api_error.hpp"
#include "workers/worker.hpp"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace troupe {

/// What a worker allows its tasks, and how long it goes on, as flags have it; 0: no limit.
struct worker_limits {
  unsigned max_run_s = 0;
  unsigned idle_s = 0;
  unsigned tasks = 0;
  unsigned life_s = 0;
  unsigned stage_s = 0;
  unsigned memory_mb = 0;
  unsigned processes = 0;
  bool stops_on_error = false;
};

/// Adds the flags. `into` outlives the app.
void add_limit_flags(CLI::App& app, worker_limits& into);

/// Gives the limits to a worker with these engines, as in `--engine`. The error says why one cannot
/// be kept here.
outcome<void> set_limits(const worker_limits& from, const std::vector<std::string>& engines,
                         worker_options& into);

}  // namespace troupe
