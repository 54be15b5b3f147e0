#pragma once

#include "messages/api_error.hpp"
#include "workers/engines/container/podman.hpp"
#include "workers/engines/device_shelf.hpp"
#include "workers/engines/engine.hpp"

#include <memory>

namespace troupe {

/// Both run tasks in containers.
struct container_engines {
  std::shared_ptr<engine> own;     ///< for payloads that name an image
  std::shared_ptr<engine> common;  ///< for those with commands only; none without `options.image`
};

/// Runs the command of a payload in the form of the stock docker-worker in a container of podman
/// (workers contract 3.2, 5.4), and the commands of one in the form of the stock generic-worker in
/// the image of the worker. Removes what workers that were killed have left of containers. The
/// error says why this machine cannot do it, and what may help.
outcome<container_engines> make_container_engines(container_options options,
                                                  std::shared_ptr<device_shelf> devices);

}  // namespace troupe
