#include "app/chosen_server.hpp"
#include "app/commands.hpp"
#include "app/signals.hpp"
#include "app/task_client.hpp"

#include <CLI/CLI.hpp>

#include <pthread.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace troupe {

namespace {

constexpr unsigned longest_run_s = 4 * 24 * 3600;

struct run_flags {
  chosen_server server;
  command_task task;
  bool json = false;
};

// Progress goes to stderr, where a person may want to see it in colours.
void tell(const std::string& text, int colour = 2) {
  static const bool coloured = isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  if (coloured)
    std::cerr << "\x1b[" << colour << "m" << text << "\x1b[0m" << std::endl;
  else
    std::cerr << text << std::endl;
}

// The words of the command in one line, cut between characters.
std::string name_of(const std::vector<std::string>& command) {
  constexpr std::size_t longest = 250;
  std::string name;
  for (const auto& word : command)
    name += (name.empty() ? "" : " ") + word;
  std::replace(name.begin(), name.end(), '\n', ' ');
  if (name.size() > longest) {
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80)
      --end;
    name.resize(end);
  }
  return name;
}

int run_task(const run_flags& flags, const stop_signal& stop) {
  const auto& task = flags.task;
  const auto id = create_command_task(task);
  if (!id)
    return fail_with(id.error());
  tell("task " + *id + " at " + task.root_url + "/tasks/" + *id);
  auto& log = flags.json ? std::cerr : std::cout;
  auto state = follow_task(task, *id,
                           {[&log](std::string_view bytes) { log << bytes << std::flush; },
                            [](const std::string& line) { tell(line); }},
                           stop);
  if (!state)
    return fail_with(state.error());
  if (state->empty()) {
    if (const auto canceled = cancel_task(task, *id); !canceled) {
      complain("the task could not be canceled and may go on");
      return fail_with(canceled.error());
    }
    state = "canceled";
  }
  const bool good = *state == "completed";
  tell("task " + *id + " " + *state, good ? 32 : 31);
  if (flags.json)
    std::cout << "{\"taskId\":\"" << *id << "\",\"state\":\"" << *state << "\"}" << std::endl;
  return good ? exit_fine : exit_task_failed;
}

// Ctrl-C cancels the task; a second one ends at once.
int run(run_flags& flags) {
  if (const int code = choose_server(flags.server); code >= 0)
    return code;
  flags.task.root_url = flags.server.root_url;
  flags.task.by = flags.server.by;
  flags.task.name = name_of(flags.task.command);
  stop_signal stop;
  int result = exit_fine;
  std::thread work{[&] {
    result = run_task(flags, stop);
    end_wait({});
  }};
  if (wait_for_end() != 0) {
    stop.set();
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
  }
  work.join();
  return result;
}

}  // namespace

command add_run_command(CLI::App& root) {
  auto* app = root.add_subcommand("run", "runs a command as a task and follows its log");
  auto flags = std::make_shared<run_flags>();
  app->add_option("-q,--queue", flags->task.task_queue_id, "<provisionerId>/<workerType>")
      ->check([](const std::string& queue) {
        return queue.find('/') != std::string::npos
                   ? std::string{}
                   : "must be <provisionerId>/<workerType>, not '" + queue + "'";
      })
      ->capture_default_str();
  add_server_options(*app, flags->server);
  app->add_option("--max-run-time", flags->task.max_run_time_s, "seconds")
      ->check(CLI::Range(1U, longest_run_s))
      ->capture_default_str();
  app->add_flag("--json", flags->json, "the result as JSON on stdout, the log on stderr");
  app->add_option("command", flags->task.command, "the command and its arguments")->required();
  app->positionals_at_end();
  return [flags] { return run(*flags); };
}

}  // namespace troupe
