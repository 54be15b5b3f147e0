#pragma once

#include "app/stop_signal.hpp"
#include "messages/api_error.hpp"
#include "runtime/auth/credentials.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A task that runs one command, and what becomes of it.
struct command_task {
  std::string root_url;
  credentials by;
  std::string task_queue_id = "local/default";
  std::vector<std::string> command;
  std::string name;
  unsigned max_run_time_s = 3600;
};

/// Creates the task; answers its id.
outcome<std::string> create_command_task(const command_task& what);

/// Where the words of a task that is followed go.
struct task_audience {
  std::function<void(std::string_view)> log;          ///< bytes of its log
  std::function<void(const std::string&)> on_notice;  ///< a line: it waits for a worker, say
};

/// Follows the live log of a task, run after run, until it is resolved; answers its state,
/// `completed`, `failed` or `exception`, or an empty text once `stop` is set. An outage of the
/// server is waited out for a minute.
outcome<std::string> follow_task(const command_task& what, const std::string& task_id,
                                 const task_audience& to, const stop_signal& stop,
                                 std::size_t first_run = 0);

/// Which log of a task is wanted.
struct wanted_log {
  std::string root_url;
  credentials by;
  std::string task_id;
  std::optional<std::size_t> run;  ///< nothing: the latest
  bool follow = false;             ///< until the task is resolved, from that run on
};

/// Shows a log: as far as it has come, or to the end of its task. That of a run that is over may be
/// an artifact by now.
outcome<void> show_log(const wanted_log& what, const task_audience& to, const stop_signal& stop);

/// Why the task does not run, as the server explains it: JSON.
outcome<std::string> ask_why(const std::string& root_url, const credentials& by,
                             const std::string& task_id);

/// Creates many tasks, all or none; the server's answer, JSON.
outcome<std::string> create_task_graph(const std::string& root_url, const credentials& by,
                                       const std::string& body);

/// Which scopes a call takes, and which are missing: the server's answer to the question, both
/// JSON.
outcome<std::string> ask_about_scopes(const std::string& root_url, const credentials& by,
                                      const std::string& question);

/// Where a shell in the task is found: what the queue says of the artifact, JSON with `url`. The
/// error says what a task needs to have shells.
outcome<std::string> find_shell(const std::string& root_url, const credentials& by,
                                const std::string& task_id);

/// Cancels it.
outcome<void> cancel_task(const command_task& what, const std::string& task_id);

}  // namespace troupe
