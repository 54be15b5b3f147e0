#pragma once

#include "messages/api_error.hpp"
#include "workers/caches/directory_caches.hpp"
#include "workers/caches/file_caches.hpp"
#include "workers/caches/purge_ledger.hpp"

#include <string>
#include <vector>

namespace troupe {

struct worker_options;

/// The error when the directory of caches cannot serve tasks in the directory of work: caches are
/// moved into tasks, so both must lie on one file system.
outcome<void> check_cache_place(const worker_options& options);

/// The caches of a worker, which all its runs share. From any thread.
class worker_caches {
 public:
  explicit worker_caches(const worker_options& options);

  directory_caches& directories() { return directories_; }
  file_caches& files() { return files_; }

  /// Asks which caches are to go, and drops them. A task with caches always asks, others now and
  /// then. What the service does not answer is only a warning in the log of the worker.
  void obey_purges(bool has_caches);

  /// Drops files and then caches, those first that were not used for the longest time, until so
  /// much of the disk is free as the worker is to leave.
  void make_room();

  /// Those of `needed` that the scopes of a task do not satisfy, its roles counted in.
  std::vector<std::string> missing_scopes(const std::vector<std::string>& needed,
                                          const std::vector<std::string>& scopes);

 private:
  const worker_options& options_;
  const std::string root_;
  directory_caches directories_;
  file_caches files_;
  purge_ledger purges_;
};

}  // namespace troupe
