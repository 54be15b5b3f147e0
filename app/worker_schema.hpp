#pragma once

#include "messages/api_error.hpp"
#include "workers/engines/script/script_config.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// Reads the file that `--script-config` names, and says when it names none.
outcome<std::shared_ptr<const script_config>> read_given_script_config(const std::string& path);

/// Prints the JSON schema of the payloads that a worker takes with these engines, as in `--engine`,
/// this file of scripts and this limit of time (0: none). Answers the exit code.
int print_payload_schema(const std::vector<std::string>& engines, const std::string& script_file,
                         std::chrono::seconds max_run_time);

}  // namespace troupe
