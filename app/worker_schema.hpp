#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace troupe {

/// Prints the JSON schema of the payloads that a worker takes with these engines, as in `--engine`,
/// this file of scripts and this limit of time (0: none). Answers the exit code.
int print_payload_schema(const std::vector<std::string>& engines, const std::string& script_config,
                         std::chrono::seconds max_run_time);

}  // namespace troupe
