#pragma once

#include "messages/api_error.hpp"
#include "runtime/files/descriptor.hpp"
#include "workers/engines/container/container_payload.hpp"
#include "workers/engines/container/podman.hpp"
#include "workers/engines/engine.hpp"
#include "workers/engines/run_verdict.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace troupe {

/// An image that stays while the object lives.
struct held_image {
  std::string id;
  std::string artifact_sha256;  ///< of the artifact that it came from; empty: it was pulled
  descriptor use;
};

/// The images of a worker's containers. An image is loaded once for all runs that want it at the
/// same time, stays for later ones, and goes when nobody has used it for long or the disk is short.
/// Workers may share the directory. From any thread.
class image_store {
 public:
  image_store(const podman& program, std::string directory);

  /// Gets the image of a payload ready. A verdict, with its reason in the log of the task, when it
  /// cannot be had.
  std::optional<run_verdict> get(const container_image& image, const std::string& scratch,
                                 run_desk& desk, held_image& out);

  /// Removes images that nobody has used for two hours, and while the disk is short, those that
  /// were not used for the longest time.
  void sweep();

 private:
  std::optional<run_verdict> pull(const container_image& image, run_desk& desk, held_image& out);
  std::optional<run_verdict> load(const container_image& image, const std::string& scratch,
                                  run_desk& desk, held_image& out);
  outcome<std::string> pull_once(const std::string& name, run_desk& desk, bool& for_good);
  outcome<std::string> load_file(const fetched_file& file, const std::string& format,
                                 const std::string& scratch, run_desk& desk);
  bool use(const std::string& id, held_image& out);
  bool use_known(const std::string& key, held_image& out);
  outcome<void> keep(const std::string& key, const std::string& id);
  bool wait_for_turn(std::unique_lock<std::timed_mutex>& lock, const run_desk& desk);
  bool drop(const std::string& id);

  const podman& program_;
  const std::string directory_;
  std::timed_mutex turn_;  // one image is pulled or loaded at a time
};

/// The registry of a whole name, if the worker has credentials for it by the file; tasks need a
/// scope for its images.
bool has_credentials(const std::string& auth_file, const std::string& whole_name);

/// How long is waited before an image is pulled again, after so many attempts; `chance` in [0, 1].
std::chrono::milliseconds pause_before_pull(int attempts, double chance);

}  // namespace troupe
