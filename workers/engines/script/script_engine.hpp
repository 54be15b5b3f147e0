#pragma once

#include "workers/engines/engine.hpp"
#include "workers/engines/script/script_run.hpp"

#include <memory>

namespace troupe {

/// Runs none but the scripts of a configuration; payloads are data for them (workers contract,
/// section 4).
std::shared_ptr<engine> make_script_engine(script_engine_options options);

}  // namespace troupe
