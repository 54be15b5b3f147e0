#pragma once

#include "workers/engines/payload.hpp"
#include "workers/engines/script/script_config.hpp"
#include "workers/engines/script/upstream_artifacts.hpp"
#include "workers/processes/run_processes.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Whether a payload is for scripts rather than for an engine that runs what the payload says.
bool is_for_scripts(const boost::json::value& payload);

/// What a task asks of a worker that runs scripts.
struct script_task {
  const script_rules* script = nullptr;  ///< null when it cannot be told
  std::chrono::seconds max_run_time{0};
  std::vector<upstream_artifacts> upstream;
};

/// Reads a task; `problems` gets a line for everything that is wrong with it.
script_task read_script_task(const script_config& config, const boost::json::object& task,
                             std::vector<std::string>& problems);

/// What the end of a script means.
run_verdict judge_script(const script_rules& script, const exit_result& exit);

/// The worse of two: what a script said, and what became of its artifacts (workers contract,
/// section 4: the largest status counts).
run_verdict worse(run_verdict one, run_verdict other);

/// What stands in the words of a command for what a run has of it.
struct script_places {
  std::string work_dir;
  std::string artifact_dir;
  std::string config;  ///< the file of the script's own configuration, if it has one
};

/// The command with the places in it.
std::vector<std::string> place_words(const std::vector<std::string>& command,
                                     const script_places& places);

/// The environment of scripts: that of the worker (`NAME=value` each) without what is for itself
/// alone, then that of the configuration, then `fixed`.
std::map<std::string, std::string> script_environment(
    const char* const* of_worker, const std::map<std::string, std::string>& configured,
    const std::map<std::string, std::string>& fixed);

/// The JSON schema of the payloads of all scripts, of which none may ask for more time than `most`;
/// 0: for any.
boost::json::object schema_of_scripts(const script_config& config,
                                      std::chrono::seconds most = std::chrono::seconds{0});

}  // namespace troupe
