#pragma once

#include "messages/api_error.hpp"
#include "runtime/auth/credentials.hpp"

#include <string>

namespace CLI {
class App;
}

namespace troupe {

/// The server that a subcommand speaks to, and by which credentials.
struct chosen_server {
  std::string root_url;
  credentials by;
  std::string data;  ///< data directory of a local server; empty: the one that runs
};

/// Adds `--root-url`, `--client-id`, `--access-token`, `--certificate` and `--data`.
void add_server_options(CLI::App& app, chosen_server& into);

/// Fills in what was not given from the local server. -1, or the exit code to end with, when it has
/// said why.
int choose_server(chosen_server& server);

/// Says what a server answered instead of what was asked for, and gives the exit code for it.
int fail_with(const api_error& error);

}  // namespace troupe
