#pragma once

#include "messages/api_error.hpp"
#include "workers/processes/run_processes.hpp"

#include <sys/types.h>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// What the program that a `process_guardian` starts does: guards the runs that it is told of until
/// the worker is gone and no process of a run is left. Never returns.
[[noreturn]] void guard_processes();

/// A process beside the worker, from which the guards of all runs are forked. It outlives the
/// worker, however that ends, until no process of a run is left; and it ends what a guard that was
/// killed has left behind.
class process_guardian {
 public:
  /// Starts it: a program that calls `guard_processes`. It does not get our credentials.
  static outcome<std::unique_ptr<process_guardian>> start(const std::vector<std::string>& program);

  /// Waits until it has ended, and with it every process of a run.
  ~process_guardian();
  process_guardian(const process_guardian&) = delete;
  process_guardian& operator=(const process_guardian&) = delete;

  /// Makes the place for the processes of a run. `directory` is removed if the worker goes while
  /// they are there. The error says what is wrong with the machine. From any thread.
  outcome<std::unique_ptr<run_processes>> open_run(const std::string& directory);

 private:
  process_guardian(pid_t pid, int socket) : pid_(pid), socket_(socket) {}

  pid_t pid_;
  int socket_;
};

}  // namespace troupe
