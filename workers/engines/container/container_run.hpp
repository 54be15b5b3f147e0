#pragma once

#include "messages/timestamp.hpp"
#include "workers/engines/container/container_payload.hpp"
#include "workers/engines/container/image_store.hpp"
#include "workers/engines/container/nested_podman.hpp"
#include "workers/engines/container/podman.hpp"
#include "workers/engines/container/proxy_door.hpp"
#include "workers/engines/device_shelf.hpp"
#include "workers/engines/engine.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// What the runs of a container engine share.
struct container_room {
  const podman& program;
  image_store& images;
  const device_shelf& devices;
  std::string owner;  ///< of the containers, by which those of a dead worker are found
};

/// One run in a container.
class container_run : public engine_run {
 public:
  /// Reads the payload; `problems` gets a line for everything that is wrong with it.
  container_run(const container_room& room, const run_facts& facts,
                std::vector<std::string>& problems);
  /// For a payload that was read.
  container_run(const container_room& room, const run_facts& facts, container_payload payload,
                std::vector<std::string>& problems);
  ~container_run() override;

  const task_payload& payload() const override { return payload_.common; }
  std::vector<std::string> needed_scopes() const override;
  std::vector<std::vector<std::string>> scope_choices() const override;
  std::optional<run_verdict> prepare(run_desk& desk) override;
  std::vector<proxy_place> proxy_places() const override;
  std::vector<command_line> commands(const run_surroundings& around) override;
  std::optional<command_line> shell(const run_surroundings& around) const override;
  std::optional<run_displays> displays(std::string& trouble) const override;
  run_verdict judge(const exit_result& exit, run_desk& desk) override;
  void gather(run_desk& desk) override;
  std::string path_of(const payload_artifact& artifact) const override;
  boost::json::object certified_environment() const override;
  void close(run_desk& desk) override;

 protected:
  /// What podman is told to run the image, without its command; `more` goes with it.
  std::vector<std::string> words_for(const run_surroundings& around,
                                     const std::vector<std::string>& more,
                                     std::map<std::string, std::string>& env);

  /// Whether something of the worker kept the command from running; the log says what.
  bool was_kept_back(run_desk& desk) const;

  /// Where an artifact is without being copied out of the container; nothing when it must be.
  virtual std::optional<std::string> place_of(const payload_artifact& artifact) const;

  const container_room& room() const { return room_; }
  const container_payload& whole_payload() const { return payload_; }
  const std::string& name() const { return name_; }
  const std::string& directory() const { return directory_; }

 private:
  void check_machine(std::vector<std::string>& problems) const;
  void add_rights(std::vector<std::string>& words) const;
  void add_mounts(std::vector<std::string>& words) const;
  void add_proxy(std::vector<std::string>& words, const run_surroundings& around);
  void add_variables(std::vector<std::string>& words,
                     const std::map<std::string, std::string>& fixed,
                     std::map<std::string, std::string>& env) const;
  command_line display_command(const std::string& display) const;
  void settle();
  void copy_out(const payload_artifact& artifact, const std::string& to, run_desk& desk);
  void save_image(const std::string& place, run_desk& desk);
  void remove_displays();
  bool remove();

  const container_room& room_;
  const std::string name_;
  const std::string directory_;
  container_payload payload_;
  held_image image_;
  std::unique_ptr<proxy_door> door_;       // while the container has the proxy in its network
  std::unique_ptr<nested_podman> nested_;  // while the task has a docker of its own
  device_shelf::loan lent_;
  timestamp started_;
  mutable std::atomic<int> displays_{0};      // how many were shown, each by a container of its own
  bool made_ = false;                         // there may be a container
  bool ended_ = false;                        // podman knows that it has ended
  bool killed_ = false;                       // nobody was left to clean up
  std::map<std::string, std::string> found_;  // where artifacts are, by their path
};

/// Makes symbolic links below the directory harmless that lead out of it: they are removed. Answers
/// how many. What a container has linked to means something else on the machine.
std::size_t remove_links_out_of(const std::string& directory);

}  // namespace troupe
