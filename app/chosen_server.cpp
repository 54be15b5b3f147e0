#include "app/chosen_server.hpp"

#include "app/commands.hpp"
#include "app/server_files.hpp"

#include <CLI/CLI.hpp>

namespace troupe {

void add_server_options(CLI::App& app, chosen_server& into) {
  app.add_option("--root-url", into.root_url, "server; without it the local one")
      ->envname("TASKCLUSTER_ROOT_URL");
  app.add_option("--client-id", into.by.client_id)->envname("TASKCLUSTER_CLIENT_ID");
  app.add_option("--access-token", into.by.access_token)->envname("TASKCLUSTER_ACCESS_TOKEN");
  app.add_option("--certificate", into.by.certificate)->envname("TASKCLUSTER_CERTIFICATE");
  app.add_option("--data", into.data, "data directory of the local server");
}

int choose_server(chosen_server& server) {
  if (!server.root_url.empty() && server.by.access_token.empty()) {
    complain("for " + server.root_url + " give --client-id and --access-token, too");
    return exit_not_authorised;
  }
  if (server.root_url.empty()) {
    auto local = find_local_server(server.data);
    if (!local) {
      complain(local.error().message);
      return exit_unreachable;
    }
    server.root_url = local->root_url;
    if (server.by.access_token.empty())
      server.by = local->root;
  }
  while (server.root_url.ends_with('/'))
    server.root_url.pop_back();
  return -1;
}

int fail_with(const api_error& error) {
  complain(error.message);
  switch (error.code) {
    case error_code::insufficient_scopes:
    case error_code::authentication_failed:
      return exit_not_authorised;
    case error_code::resource_not_found:
      return exit_not_found;
    case error_code::service_unavailable:
      return exit_unreachable;
    default:
      return exit_usage;
  }
}

}  // namespace troupe
