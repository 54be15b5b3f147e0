#pragma once

#include "messages/api_error.hpp"
#include "workers/engines/run_verdict.hpp"

#include <boost/json/value.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

class run_desk;

/// Artifacts of another task that a script is to have: an entry of `upstreamArtifacts`.
struct upstream_artifacts {
  std::string task_id;
  std::vector<std::string> paths;
  bool optional = false;  ///< they may be missing, and paths may have `*`
};

/// Why a path cannot be the place of an artifact below a directory; empty when it can. It never
/// leads out of the directory, and is written in one way only.
std::string problem_of_path(std::string_view path);

/// Whether the name is what the pattern says, in which each `*` stands for any text.
bool matches_stars(std::string_view pattern, std::string_view name);

/// Reads the `upstreamArtifacts` of a payload, if it has them; `problems` gets a line for
/// everything that is wrong with them.
std::vector<upstream_artifacts> read_upstream_artifacts(const boost::json::value& payload,
                                                        std::vector<std::string>& problems);

/// SHA-256 of artifacts by task and name.
using artifact_sums = std::map<std::string, std::map<std::string, std::string>>;

/// Fetches all into `directory`/<taskId>/<path>. With `sums`, only what has one there, and is what
/// it says. A verdict, with its reason in the log, when something cannot be had.
std::optional<run_verdict> fetch_upstream_artifacts(const std::vector<upstream_artifacts>& all,
                                                    const artifact_sums* sums,
                                                    const std::string& directory, run_desk& desk);

}  // namespace troupe
