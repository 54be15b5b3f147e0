#include "app/commands.hpp"
#include "app/data_directory.hpp"
#include "app/node.hpp"
#include "app/server_files.hpp"
#include "app/signals.hpp"
#include "app/version.hpp"
#include "runtime/log/log.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>

namespace troupe {

namespace {

int serve(settings config) {
  if (config.redis.empty()) {
    complain(
        "serve needs a Redis: name it with --redis unix:/path or --redis redis://HOST:PORT "
        "('troupe up' starts a private one by itself)");
    return exit_usage;
  }
  if (config.data_dir.empty() && config.secrets_keys.empty() && config.secrets_key_file.empty() &&
      std::getenv("CREDENTIALS_DIRECTORY") == nullptr) {
    complain(
        "serve seals secrets with a key that has to outlive it: keep it in a directory with --data "
        "DIR, or name its file with --secrets-key-file ('troupe secrets new-key' makes one)");
    return exit_usage;
  }
  auto data = data_directory::open(config.data_dir);
  if (!data) {
    complain(data.error().message);
    return exit_usage;
  }
  config.data_dir = data->path();
  if (auto root = ensure_root_client(config, data->path()); !root) {
    complain(root.error().message);
    return exit_usage;
  }
  log_setup logging;
  logging.form = config.log_as;
  logging.level = config.log_level;
  logging.version = program_version();
  start_log(logging);
  int result = exit_fine;
  {
    node server{config, data->path()};
    server.on_fatal([](std::string why) { end_wait(std::move(why)); });
    auto doors = server.start();
    if (!doors) {
      complain(doors.error().message);
      result = exit_usage;
    } else if (auto written = write_server_info(data->path(), *doors); !written) {
      complain(written.error().message);
      result = exit_usage;
    } else {
      log_message(severity::notice, "serving at " + doors->root_url + "; " +
                                        std::to_string(server.recovered_tasks()) +
                                        " unresolved tasks recovered");
      wait_for_end();
      if (!end_reason().empty()) {
        complain(end_reason());
        result = exit_unreachable;
      }
    }
    remove_server_info(data->path());
    server.stop();
  }
  stop_log();
  return result;
}

}  // namespace

command add_serve_command(CLI::App& root) {
  auto* app = root.add_subcommand("serve", "the platform alone: give it a Redis");
  auto flags = std::make_shared<setting_flags>(*app);
  return [app, flags] {
    (void)app;
    loaded_settings loaded;
    if (const int code = flags->load(loaded); code >= 0)
      return code;
    return serve(loaded.values);
  };
}

}  // namespace troupe
