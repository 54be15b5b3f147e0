#pragma once

#include "workers/engines/payload.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The image of a container: by its name in a registry, or as an artifact.
struct container_image {
  std::string name;       ///< with its registry and tag; empty: it is an artifact
  std::string file;       ///< of this machine, in place of an artifact
  mount_content content;  ///< of an artifact
  std::string format;     ///< in which the artifact is packed; empty: it is a plain tar

  bool is_pulled() const { return !name.empty(); }
  const std::string& archive() const { return file.empty() ? content.artifact : file; }
};

/// What a task asks of its worker in the form of the stock docker-worker (workers contract 3.2).
struct container_payload {
  task_payload common;  ///< its mounts are the caches, its commands the one of the container
  container_image image;
  std::map<std::string, std::string> caches;   ///< by directory of the task, where they are mounted
  std::map<std::string, std::string> volumes;  ///< the same of artifacts that are volumes
  bool privileged = false;
  bool disable_seccomp = false;
  bool allow_ptrace = false;
  bool host_shared_memory = false;
  bool kvm = false;
  bool docker = false;       ///< it has a docker of its own, for containers within
  std::string work;          ///< the task's directory, by its path within; empty: there is none
  bool saves_image = false;  ///< the container and its caches become artifacts when it has ended
};

/// What stands for the place of an artifact that is the saved container, or one of its caches; no
/// place in a container is called so.
inline constexpr std::string_view saved_image_path = "image:";
std::string saved_cache_path(const std::string& directory);

/// Reads a payload; `problems` gets a line for everything that is wrong with it.
container_payload read_container_payload(const boost::json::value& payload,
                                         std::vector<std::string>& problems);

/// The JSON schema of what `read_container_payload` takes.
std::string_view container_payload_schema();

/// The whole name of an image as a registry has it: `busybox` is
/// `docker.io/library/busybox:latest`. Nothing when it is no name, but a path or a transport.
std::optional<std::string> whole_image_name(std::string_view name);

/// The format in which an archive of this name is packed, empty for a plain one; nothing when it is
/// no archive of an image, or in none that can be unpacked. `problem` then says why.
std::optional<std::string> packing_of(const std::string& path, std::string& problem);

/// The scopes that the payload needs of its task, and groups of which it needs one each.
std::vector<std::string> container_scopes(const container_payload& payload);
std::vector<std::vector<std::string>> container_scope_choices(const container_payload& payload,
                                                              std::string_view pool);

}  // namespace troupe
