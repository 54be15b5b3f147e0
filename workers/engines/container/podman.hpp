#pragma once

#include "messages/api_error.hpp"
#include "runtime/files/descriptor.hpp"
#include "workers/processes/tool_call.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace troupe {

/// How containers are kept and run on this machine.
struct container_options {
  std::string pool;                  ///< the worker's, for scopes that name it
  std::string group;                 ///< workerGroup
  bool signs = false;                ///< the worker has a key of the chain of trust
  bool privileged = false;           ///< tasks with the scope may be root of the machine
  std::vector<std::string> gpus;     ///< that each container has: paths, and names of CDI
  std::string image;                 ///< of tasks that name none: see `configured_image`
  bool nested = false;               ///< tasks may have a docker of their own
  std::string directory;             ///< for images and containers; workers may share it
  std::string runtime;               ///< runc, crun, ...; empty: whichever works
  std::string storage;               ///< the storage driver; empty: whichever works
  std::string network;               ///< of containers, as podman names it
  std::string registry_auth;         ///< file with the credentials of registries; empty: none
  std::uint64_t min_free_bytes = 0;  ///< of the disk; unused images make room for it
};

/// The program podman with a storage of the worker's own: it sees nothing of what the machine's
/// podman has, and disturbs nothing. From any thread.
class podman {
 public:
  explicit podman(container_options options) : options_(std::move(options)) {}

  /// Keeps other workers from starting or ending as long as it is held; none when that cannot be.
  descriptor lock_set_up() const;

  /// With that lock: makes the storage, and finds out what works here by running a container. The
  /// error says what is missing.
  outcome<void> set_up();

  /// With that lock: forgets what only counts while a worker runs; none must run.
  void tidy() const;

  /// Calls podman and waits for it. `interruption` is a descriptor, or -1.
  tool_answer call(const std::vector<std::string>& words, std::chrono::milliseconds limit,
                   int interruption = -1) const;

  /// The command that calls podman, and its variables: what it needs of the worker's.
  std::vector<std::string> command(const std::vector<std::string>& words) const;
  std::map<std::string, std::string> variables() const;

  /// The words of a call with the image that has the programs of this machine, for reading.
  std::vector<std::string> words_of_trial(std::vector<std::string> words) const;

  /// Whether the worker is not root: root of a container is then the worker's user.
  bool is_rootless() const;

  /// Whether the runtime leaves the groups of the worker to containers, by which a worker that is
  /// not root has devices.
  bool keeps_groups() const;

  /// Makes what other users of containers have put into a directory of the worker the worker's to
  /// remove and, if it is `readable`, to read. Only a worker that is not root needs it.
  void open_up(const std::string& directory, bool readable) const;

  /// Lets the runtime forget a container that is gone. Podman does not do it for one whose
  /// processes were all killed at once.
  void forget(const std::string& container_id) const;

  /// A directory for what users of containers must reach by its path: the worker's own directories
  /// may be closed to others. Not for anything that is worth reading.
  std::string open_place() const { return live_ + "-open"; }

  const container_options& options() const { return options_; }

 private:
  outcome<void> find_live_place();
  outcome<void> forget_last_boot();
  outcome<void> write_configuration();
  outcome<void> try_out();
  outcome<void> find_runtime();

  container_options options_;
  std::string runtime_path_;
  std::string live_;  // for what only counts while the machine runs
};

/// Whether podman itself looks at a variable of this name.
bool is_variable_of_podman(const std::string& name);

}  // namespace troupe
