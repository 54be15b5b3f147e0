#pragma once

#include "runtime/config/load_settings.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace troupe {

/// Exit codes of every subcommand.
enum exit_code : int {
  exit_fine = 0,
  exit_task_failed = 1,
  exit_usage = 2,
  exit_not_found = 3,
  exit_not_authorised = 4,
  exit_unreachable = 5,
};

/// The options of a subcommand that are settings of the server, from flags, environment and file.
class setting_flags {
 public:
  /// Adds a flag for every setting, `--config` and `--print-config`. `defaults` are the
  /// subcommand's own, by the names of the settings.
  explicit setting_flags(CLI::App& app,
                         std::map<std::string, std::string, std::less<>> defaults = {});

  /// Puts the settings together. Prints problems, one line each, or the table of
  /// `--print-config`; then answers the exit code to end with, -1 to go on.
  int load(loaded_settings& into);

 private:
  std::vector<std::pair<std::string, std::string>> given_;
  std::map<std::string, std::string, std::less<>> defaults_;
  std::string file_;
  bool dev_ = false;
  bool print_ = false;
  CLI::App* app_ = nullptr;
};

// Each adds its subcommand; the function it returns runs it and answers the exit code.
using command = std::function<int()>;
command add_serve_command(CLI::App& root);
command add_up_command(CLI::App& root);
command add_worker_command(CLI::App& root);
command add_guard_command(CLI::App& root);
command add_run_command(CLI::App& root);
command add_explain_command(CLI::App& root);
command add_log_command(CLI::App& root);
command add_secrets_command(CLI::App& root);
command add_graph_command(CLI::App& root);
command add_auth_command(CLI::App& root);
command add_shell_command(CLI::App& root);
command add_verify_command(CLI::App& root);

/// Prints `troupe: <text>` to stderr.
void complain(const std::string& text);

}  // namespace troupe
