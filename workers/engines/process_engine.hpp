#pragma once

#include "workers/engines/device_shelf.hpp"
#include "workers/engines/engine.hpp"
#include "workers/sandbox/sandbox.hpp"

#include <memory>
#include <optional>
#include <string>

namespace troupe {

/// How the process engine runs commands.
struct process_engine_options {
  std::string pool;                      ///< the worker's, for scopes that name it
  bool signs = false;                    ///< the worker has a key of the chain of trust
  std::optional<sandbox_rules> sandbox;  ///< nothing: commands run as the worker does
  std::shared_ptr<device_shelf> devices = std::make_shared<device_shelf>();  ///< that it lends
};

/// Runs the commands of a payload in the form of the stock generic-worker on Linux, as processes of
/// this machine (workers contract 2.7, 3.1).
std::shared_ptr<engine> make_process_engine(process_engine_options options);

}  // namespace troupe
