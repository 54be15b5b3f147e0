#pragma once

#include "messages/api_error.hpp"
#include "runtime/schema/schema.hpp"
#include "workers/engines/run_verdict.hpp"
#include "workers/trust/verifying_key.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// Stands in a command for what a run has of it, as one word or a part of one.
inline constexpr std::string_view work_dir_mark = "{work_dir}";
inline constexpr std::string_view artifact_dir_mark = "{artifact_dir}";
inline constexpr std::string_view config_mark = "{config}";

/// What becomes of a run by the exit code of its script.
using exit_table = std::map<int, run_verdict>;

/// The table of scripts (workers contract, section 4) without what a configuration adds. Any code
/// that is not in a table means `failed`.
const exit_table& usual_exit_codes();

/// How a script is told what to do, and how it answers.
enum class script_contract {
  scriptworker,    ///< by files (workers contract, section 4)
  standard_input,  ///< the payload as its input, as taskcluster-worker has it (5.4)
};

/// A script that tasks can have run.
struct script_rules {
  std::string name;
  script_contract contract = script_contract::scriptworker;
  std::vector<std::string> command;
  std::map<std::string, std::string> env;
  std::optional<boost::json::object> config;  ///< the script's own, written for each run
  std::chrono::seconds max_run_time{1200};
  run_verdict timeout_result = run_verdict::failed;
  exit_table exit_codes;
  std::vector<std::string> scopes;  ///< that its tasks need
  bool proxy = false;
  boost::json::object schema_document;
  const schema* payload_schema = nullptr;  ///< of the whole payload
};

/// How what tasks are made of is verified.
struct trust_rules {
  verifying_keys keys;
  std::size_t most_tasks = 20;
  /// Queues of tasks that are trusted, in which `*` stands for any text; empty: all.
  std::vector<std::string> task_queues;
};

/// What a worker that runs scripts is told by its file.
struct script_config {
  std::map<std::string, script_rules> scripts;  ///< at least one, by name
  std::vector<std::string> scope_prefixes;      ///< what all scopes of tasks begin with; empty: any
  std::optional<trust_rules> trust;
  boost::json::object schema_documents;  ///< the compiled ones refer to it
  std::unique_ptr<const schema_set> schemas;
};

/// Reads such a file; schemas and keys that it names are found from its directory. The error says
/// which member of it is wrong, and what it must be.
outcome<std::shared_ptr<const script_config>> read_script_config(const std::string& path);

/// The same of a text; `directory` is where files are found.
outcome<std::shared_ptr<const script_config>> read_script_config_text(std::string_view text,
                                                                      const std::string& directory);

}  // namespace troupe
