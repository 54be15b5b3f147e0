#pragma once

#include "messages/api_error.hpp"
#include "workers/engines/container/podman.hpp"
#include "workers/engines/engine.hpp"

#include <memory>

namespace troupe {

/// Runs the command of a payload in the form of the stock docker-worker in a container of podman
/// (workers contract 3.2, 5.4). Removes what workers that were killed have left of containers. The
/// error says why this machine cannot do it, and what may help.
outcome<std::shared_ptr<engine>> make_container_engine(container_options options);

}  // namespace troupe
