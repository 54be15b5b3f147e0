#pragma once

#include "workers/engines/container/container_run.hpp"

namespace troupe {

/// What `--container-image` says: the name of an image, or the file of an archive that `docker
/// save` made. The error says what it must be.
outcome<container_image> configured_image(const std::string& text);

/// One run of commands in the image of the worker: a payload in the form of the stock
/// generic-worker, whose commands run one after the other in one container, in the directory of the
/// task.
class image_run : public container_run {
 public:
  /// Reads the payload; `problems` gets a line for everything that is wrong with it.
  image_run(const container_room& room, const run_facts& facts, container_image image,
            std::vector<std::string>& problems);

  std::vector<std::string> needed_scopes() const override;
  std::vector<std::vector<std::string>> scope_choices() const override;
  std::vector<command_line> commands(const run_surroundings& around) override;
  run_verdict judge(const exit_result& exit, run_desk& desk) override;

 protected:
  std::optional<std::string> place_of(const payload_artifact& artifact) const override;
};

}  // namespace troupe
