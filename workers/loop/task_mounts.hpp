#pragma once

#include "messages/api_error.hpp"
#include "runtime/queue_client/call_result.hpp"
#include "workers/caches/directory_caches.hpp"
#include "workers/caches/file_caches.hpp"
#include "workers/engines/engine.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

class live_log;
class queue_client;
class run_interrupt;
class worker_caches;

/// What a run mounts (workers contract 3.1.2). Used by the run's thread.
class task_mounts {
 public:
  /// Makes a signed GET of the API with the credentials of the task.
  using get_call = std::function<call_result(const std::string& target)>;

  /// Mounts below `directory`/work; whatever else it needs is beside that. `downloads` is given up
  /// when the run is interrupted.
  task_mounts(worker_caches& caches, live_log& log, const run_interrupt& interrupt, get_call call,
              queue_client& downloads, std::string directory);
  /// Caches that were not given back are dropped.
  ~task_mounts();

  /// Mounts it. The error says what is wrong with it; also when the run is interrupted.
  outcome<void> mount(const payload_mount& mount);

  /// Gets the bytes of a mount, or of anything else that is said in this way. Text that the payload
  /// has itself is there until the next is fetched.
  outcome<fetched_file> fetch(const mount_content& content);

  /// Ends all mounts, the last one first. Caches are kept for the next task if they are to be;
  /// false when one cannot be, which is in the log.
  bool undo(bool keep_caches);

 private:
  outcome<fetched_file> fetch_artifact(const std::string& of_task, const mount_content& content);
  outcome<fetched_file> fetch_url(const std::string& key, const std::string& url,
                                  bool never_changes, const std::string& sha256);
  outcome<cached_file> download(const std::string& key, const std::string& url,
                                const std::string& sha256, std::optional<cached_file> known);
  outcome<fetched_file> write_text(const std::string& text);
  outcome<std::string> make_place(const std::string& path);
  outcome<void> put_file(const payload_mount& mount);
  outcome<void> put_directory(const payload_mount& mount);
  outcome<void> put_cache(const payload_mount& mount);
  outcome<void> unpack(const payload_mount& mount, const std::string& place);
  void note(const std::string& text);

  worker_caches& caches_;
  live_log& log_;
  const run_interrupt& interrupt_;
  get_call call_;
  queue_client& downloads_;
  std::string directory_;
  std::vector<std::unique_ptr<held_cache>> held_;
};

}  // namespace troupe
