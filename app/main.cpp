#include "app/commands.hpp"
#include "app/signals.hpp"
#include "app/version.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <string>

namespace {

// A proxy of the environment (`http_proxy`) is no way to a server on this machine, for this program
// and those that it starts.
void keep_proxies_out_of_here() {
  const char* given = std::getenv("no_proxy");
  if (given == nullptr)
    given = std::getenv("NO_PROXY");
  std::string hosts = given == nullptr ? "" : given;
  if (hosts == "*")
    return;
  if (!hosts.empty())
    hosts += ',';
  setenv("no_proxy", (hosts + "127.0.0.1,localhost,::1").c_str(), 1);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace troupe;
  hold_signals();
  keep_proxies_out_of_here();
  CLI::App root{
      "Troupe runs tasks: a Taskcluster-compatible platform in one program and one Redis."};
  root.name("troupe");
  root.require_subcommand(1);
  root.set_version_flag("--version", std::string{program_version()});
  const std::pair<const char*, command> commands[] = {
      {"up", add_up_command(root)},
      {"serve", add_serve_command(root)},
      {"worker", add_worker_command(root)},
      {"run", add_run_command(root)},
      {"explain", add_explain_command(root)},
      {"guard-processes", add_guard_command(root)},
      {"secrets", add_secrets_command(root)},
      {"graph", add_graph_command(root)},
      {"auth", add_auth_command(root)},
      {"shell", add_shell_command(root)},
      {"verify-task", add_verify_command(root)},
      {"log", add_log_command(root)},
  };
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    const int code = root.exit(problem);
    return code == 0 ? exit_fine : exit_usage;
  }
  for (const auto& [name, run] : commands)
    if (root.got_subcommand(name))
      return run();
  return exit_usage;
}
