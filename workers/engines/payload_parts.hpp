#pragma once

#include "workers/engines/payload.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// What the sources that read payloads share.
using lines = std::vector<std::string>;

/// Adds a line for each member that is not known; `where` says of what.
void check_keys(const boost::json::object& from, const std::set<std::string_view>& known,
                const std::string& where, lines& problems);

/// The text of a member, empty when there is none; adds a line when it is no text.
std::string read_string(const boost::json::object& from, std::string_view key,
                        const std::string& where, lines& problems);

/// Reads `env`.
void read_env(const boost::json::object& from, task_payload& out, lines& problems);

/// Reads `onExitStatus`.
void read_exit_codes(const boost::json::object& from, task_payload& out, lines& problems);

/// Reads `maxRunTime`, which must be there.
void read_max_run_time(const boost::json::object& from, task_payload& out, lines& problems);

/// Reads `features`.
void read_features(const boost::json::object& from, task_payload& out, lines& problems);

/// Reads what a worker must know and needs not keep.
void read_surroundings(const boost::json::object& from, lines& problems);

/// Reads one entry of `mounts`.
void read_mount(const boost::json::value& from, const std::string& where, task_payload& out,
                lines& problems);

/// Adds a line for every mount that does not fit the task.
void check_mounts(const task_payload& payload, const boost::json::object& task, lines& problems);

}  // namespace troupe
