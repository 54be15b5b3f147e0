#include "app/chosen_server.hpp"
#include "app/commands.hpp"
#include "app/signals.hpp"
#include "app/task_client.hpp"
#include "messages/ids.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <thread>

namespace troupe {

namespace {

struct log_flags {
  chosen_server server;
  wanted_log log;
  int run = -1;
};

int show(const log_flags& flags, const stop_signal& stop) {
  const auto shown = show_log(flags.log,
                              {[](std::string_view bytes) { std::cout << bytes << std::flush; },
                               [](const std::string& line) { std::cerr << line << std::endl; }},
                              stop);
  return shown ? exit_fine : fail_with(shown.error());
}

// Ctrl-C ends the reading, not the task.
int read_along(log_flags& flags) {
  if (const int code = choose_server(flags.server); code >= 0)
    return code;
  flags.log.root_url = flags.server.root_url;
  flags.log.by = flags.server.by;
  if (flags.run >= 0)
    flags.log.run = static_cast<std::size_t>(flags.run);
  stop_signal stop;
  int result = exit_fine;
  std::thread work{[&] {
    result = show(flags, stop);
    end_wait({});
  }};
  if (wait_for_end() != 0)
    stop.set();
  work.join();
  return result;
}

}  // namespace

command add_log_command(CLI::App& root) {
  auto* app = root.add_subcommand("log", "shows the log of a task");
  auto flags = std::make_shared<log_flags>();
  add_server_options(*app, flags->server);
  app->add_flag("-f,--follow", flags->log.follow, "goes on until the task is resolved");
  app->add_option("--run", flags->run, "number of the run, from 0 on; without it the latest")
      ->check(CLI::Range(0, 1000));
  app->add_option("taskId", flags->log.task_id, "the task")
      ->required()
      ->check([](const std::string& id) {
        return is_slugid(id) ? std::string{}
                             : "must be a slugid of 22 characters, not '" + id + "'";
      });
  return [flags] { return read_along(*flags); };
}

}  // namespace troupe
