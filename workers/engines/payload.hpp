#pragma once

#include "messages/timestamp.hpp"
#include "workers/engines/device_wish.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// An artifact that a payload names (workers contract 3.1.1).
struct payload_artifact {
  bool directory = false;
  std::string path;
  std::string name;
  std::string content_type;
  std::string content_encoding;
  std::optional<timestamp> expires;
  bool optional = false;
};

/// Where the bytes of a mount come from: an artifact of a task, of the task that the index knows
/// under a name, a URL, or the payload itself.
struct mount_content {
  std::string task_id;
  std::string index_path;  ///< the `namespace`
  std::string artifact;
  std::string url;
  std::optional<std::string> text;
  std::string sha256;  ///< of what is fetched, in hexadecimal; empty: anything

  bool given() const { return text.has_value() || !artifact.empty() || !url.empty(); }
};

/// What is there when the task starts (workers contract 3.1.2): a file, a directory of an archive's
/// entries, or a directory that is kept from task to task.
struct payload_mount {
  std::string file;
  std::string directory;
  std::string cache_name;
  mount_content content;
  std::string format;
};

/// What a task asks of its worker, in the form of the stock generic-worker on Linux.
struct task_payload {
  std::vector<std::vector<std::string>> commands;
  std::map<std::string, std::string> env;
  std::chrono::seconds max_run_time{0};
  std::vector<payload_artifact> artifacts;
  std::vector<payload_mount> mounts;
  bool proxy = false;
  bool keeps_live_log = true;
  bool keeps_backing_log = true;
  bool resource_monitor = true;
  bool chain_of_trust = false;
  bool as_current_user = false;
  bool interactive = false;
  device_wish devices;
  std::vector<int> retry_codes;
  std::vector<int> purge_codes;  ///< those after which the caches of the task are not kept
  std::string live_log = "public/logs/live.log";
  std::string backing_log = "public/logs/live_backing.log";
};

/// Reads a payload; `problems` gets a line for everything that is wrong with it.
task_payload read_payload(const boost::json::value& payload, std::vector<std::string>& problems);

/// Adds a line for everything in which the payload does not fit its task: when artifacts expire,
/// and whose artifacts it mounts.
void check_payload(const task_payload& payload, const boost::json::object& task,
                   std::vector<std::string>& problems);

/// What a worker offers to tasks by how it was started.
struct worker_offers {
  bool signs = false;        ///< it has a key of the chain of trust
  bool has_loopback = true;  ///< its commands reach the worker by the network
  device_wish devices = {};  ///< that it lends
};

/// Adds a line for everything that this worker could offer and does not.
void check_offers(const task_payload& payload, const worker_offers& offers,
                  std::vector<std::string>& problems);

/// The scopes that a payload needs of its task in this pool.
std::vector<std::string> needed_scopes(const task_payload& payload, std::string_view pool);

/// Groups of scopes of which it needs one each.
std::vector<std::vector<std::string>> scope_choices(const task_payload& payload,
                                                    std::string_view pool);

}  // namespace troupe
