#pragma once

#include "runtime/auth/credentials.hpp"
#include "workers/engines/engine.hpp"
#include "workers/loop/queue_port.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace troupe {

class control_groups;
class signing_key;

/// What a worker is and where it works.
struct worker_options {
  std::string root_url;
  credentials by;
  std::string task_queue_id;
  std::string worker_group;
  std::string worker_id;
  unsigned capacity = 1;                       ///< tasks at once
  std::string work_dir;                        ///< one directory a task is made below it
  std::string cache_dir;                       ///< on the file system of `work_dir`
  std::uint64_t min_free_bytes = 0;            ///< of the disk; caches make room for it
  std::uint64_t most_log_bytes = 0;            ///< of a task's output that are kept
  std::chrono::seconds max_run_time{0};        ///< that a task may ask for; 0: any
  std::chrono::seconds idle_timeout{0};        ///< ends after so long without a task; 0: never
  std::chrono::seconds life_limit{0};          ///< after which no task is claimed; 0: never
  unsigned task_limit = 0;                     ///< after so many none is claimed; 0: never
  std::chrono::seconds stage_limit{0};         ///< of what comes before and after commands; 0: none
  bool stops_on_error = false;                 ///< ends after a task that ends as internal-error
  std::chrono::milliseconds kill_grace{5000};  ///< between SIGTERM and SIGKILL
  std::shared_ptr<const signing_key> key;      ///< of the chain of trust; null: none
  std::shared_ptr<const control_groups> groups;  ///< for limits of tasks; null: none
  engine_list engines;                           ///< at least one; they carry tasks out
  queue_port_factory make_queue_port;            ///< what carries claims, reclaims and reports
};

class process_guardian;

/// Claims and runs tasks until SIGTERM (tasks are stopped and reported as worker-shutdown) or
/// SIGINT (tasks are finished first; a second one acts as SIGTERM), or until a limit of its own.
/// Blocks; answers the exit code, 1 if it cannot or must not run tasks any more. The signals must
/// be blocked in the calling thread.
int run_worker(const worker_options& options, process_guardian& guardian);

}  // namespace troupe
