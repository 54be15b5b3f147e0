#pragma once

#include "messages/timestamp.hpp"

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

/// A file that is there when the task starts: an artifact of another task, a URL, or a text.
struct payload_mount {
  std::string file;
  std::string task_id;
  std::string artifact;
  std::string url;
  std::optional<std::string> text;
  std::string sha256;  ///< of what is to be there, in hexadecimal; empty: anything
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
  std::vector<int> retry_codes;
  std::string live_log = "public/logs/live.log";
  std::string backing_log = "public/logs/live_backing.log";
};

/// Reads a payload; `problems` gets a line for everything that is wrong with it.
task_payload read_payload(const boost::json::value& payload, std::vector<std::string>& problems);

/// Adds a line for everything in which the payload does not fit its task: when artifacts expire,
/// and whose artifacts it mounts.
void check_payload(const task_payload& payload, const boost::json::object& task,
                   std::vector<std::string>& problems);

/// The content type of a file by its name, and whether its bytes are compressed already.
std::string content_type_of(std::string_view name);
bool is_compressed(std::string_view name);

}  // namespace troupe
