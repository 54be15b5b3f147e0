#pragma once

#include <sys/types.h>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// How a command ended.
struct exit_result {
  int code = 0;
  int signal = 0;  ///< 0: it ended by itself
  bool not_started = false;
};

/// A command that runs in a process group of its own, with stdout and stderr in one pipe.
class child_process {
 public:
  /// Starts it. `mark` is a variable that all its descendants inherit, by which they are found.
  child_process(const std::vector<std::string>& words, const std::string& directory,
                const std::map<std::string, std::string>& env, const std::string& mark);
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// Where its output is read; -1 once it was closed.
  int output() const { return output_; }
  void close_output();

  /// How it ended; nothing while it runs.
  std::optional<exit_result> poll();

  /// Sends a signal to its group and to every process that carries the mark.
  void signal_all(int signal) const;

  /// Whether any process that carries the mark is left.
  bool any_left() const;

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string mark_;
  std::optional<exit_result> result_;
};

}  // namespace troupe
