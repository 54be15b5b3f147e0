#include "app/worker_limits.hpp"

#include "workers/processes/control_group.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <limits>

namespace troupe {

namespace {

// For what the tasks may have of the machine.
outcome<void> make_groups(const worker_limits& from, const std::vector<std::string>& engines,
                          worker_options& into) {
  constexpr std::uint64_t mb = 1024 * 1024;
  if (from.memory_mb == 0 && from.processes == 0)
    return boost::system::in_place_value;
  if (std::find(engines.begin(), engines.end(), "container") != engines.end())
    return make_api_error(error_code::input_error,
                          "--task-memory and --task-processes are for processes and scripts, not "
                          "for --engine container: give containers a worker of their own");
  TROUPE_TRY(into.groups, control_groups::open({from.memory_mb * mb, from.processes}));
  return boost::system::in_place_value;
}

void add_task_flags(CLI::App& app, worker_limits& into, const CLI::Range& at_least_1) {
  app.add_option("--max-run-time", into.max_run_s,
                 "SECONDS that a task may ask for as its maxRunTime; one that asks for more is "
                 "malformed")
      ->check(at_least_1)
      ->envname("TROUPE_WORKER_MAX_RUN_TIME");
  app.add_option("--task-memory", into.memory_mb,
                 "MB of memory that the processes of a task may have together, by control groups")
      ->check(CLI::Range(1u, 1u << 30))
      ->envname("TROUPE_WORKER_TASK_MEMORY");
  app.add_option("--task-processes", into.processes,
                 "processes and threads that a task may have at once, by control groups")
      ->check(CLI::Range(1u, 1u << 22))
      ->envname("TROUPE_WORKER_TASK_PROCESSES");
}

}  // namespace

void add_limit_flags(CLI::App& app, worker_limits& into) {
  const CLI::Range at_least_1{1u, std::numeric_limits<unsigned>::max()};
  add_task_flags(app, into, at_least_1);
  app.add_option("--idle-timeout", into.idle_s, "ends after so many seconds without a task")
      ->envname("TROUPE_WORKER_IDLE_TIMEOUT");
  app.add_option("--task-limit", into.tasks, "ends after so many tasks")
      ->check(at_least_1)
      ->envname("TROUPE_WORKER_TASK_LIMIT");
  app.add_option("--life-limit", into.life_s,
                 "SECONDS after which it claims no more, finishes its tasks and ends")
      ->check(at_least_1)
      ->envname("TROUPE_WORKER_LIFE_LIMIT");
  app.add_option(
         "--stage-limit", into.stage_s,
         "SECONDS that mounts, uploads and whatever else comes before and after a task's "
         "commands may take; the worker ends, with exit code 1, when something takes longer")
      ->check(at_least_1)
      ->envname("TROUPE_WORKER_STAGE_LIMIT");
  app.add_flag("--stop-on-error", into.stops_on_error,
               "ends, with exit code 1, when a task ends as internal-error; its other tasks are "
               "given back")
      ->envname("TROUPE_WORKER_STOP_ON_ERROR");
}

outcome<void> set_limits(const worker_limits& from, const std::vector<std::string>& engines,
                         worker_options& into) {
  into.max_run_time = std::chrono::seconds{from.max_run_s};
  into.idle_timeout = std::chrono::seconds{from.idle_s};
  into.life_limit = std::chrono::seconds{from.life_s};
  into.stage_limit = std::chrono::seconds{from.stage_s};
  into.task_limit = from.tasks;
  into.stops_on_error = from.stops_on_error;
  return make_groups(from, engines, into);
}

}  // namespace troupe
