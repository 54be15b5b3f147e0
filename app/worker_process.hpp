#pragma once

#include "messages/api_error.hpp"
#include "runtime/auth/credentials.hpp"

#include <sys/types.h>
#include <string>

namespace troupe {

/// What a local worker is started with.
struct worker_launch {
  std::string root_url;
  std::string connect;  ///< address of the CAF port; the certificates are below `data_dir`
  credentials by;
  std::string task_queue_id;
  std::string worker_group;
  std::string worker_id;
  unsigned capacity = 1;
  std::string data_dir;  ///< its log and its work are below it
  bool sandboxed = false;
};

/// A process that was started.
struct worker_process {
  pid_t pid = -1;
  int descriptor = -1;  ///< a pidfd: readable when the process has ended; whoever has it closes it
};

/// Starts a worker program that never outlives the calling thread. The error says in one line why
/// it could not be started.
outcome<worker_process> start_worker_process(const worker_launch& launch);

/// How a process ended.
struct process_end {
  bool clean = false;  ///< with exit code 0
  std::string how;     ///< `exit code 1`, `signal 9 (Killed)`
};

/// Waits for a process that has ended.
process_end reap(int descriptor);

}  // namespace troupe
