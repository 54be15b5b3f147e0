#include "app/commands.hpp"
#include "app/server_files.hpp"
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
  std::string data;
  command_task task;
  std::string client_id;
  std::string access_token;
  std::string certificate;
  bool json = false;
};

int code_of(const api_error& error) {
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

// Progress goes to stderr, where a person may want to see it in colours.
void tell(const std::string& text, int colour = 2) {
  static const bool coloured = isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  if (coloured)
    std::cerr << "\x1b[" << colour << "m" << text << "\x1b[0m" << std::endl;
  else
    std::cerr << text << std::endl;
}

// Where the task goes: -1, or the exit code to end with.
int choose_server(run_flags& flags) {
  auto& task = flags.task;
  task.by = {flags.client_id, flags.access_token, flags.certificate};
  if (!task.root_url.empty() && task.by.access_token.empty()) {
    complain("for " + task.root_url + " give --client-id and --access-token, too");
    return exit_not_authorised;
  }
  if (task.root_url.empty()) {
    auto server = find_local_server(flags.data);
    if (!server) {
      complain(server.error().message);
      return exit_unreachable;
    }
    task.root_url = server->root_url;
    if (task.by.access_token.empty())
      task.by = server->root;
  }
  while (task.root_url.ends_with('/'))
    task.root_url.pop_back();
  return -1;
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
    return code_of(id.error());
  tell("task " + *id + " at " + task.root_url + "/tasks/" + *id);
  auto& log = flags.json ? std::cerr : std::cout;
  auto state = follow_task(task, *id,
                           {[&log](std::string_view bytes) { log << bytes << std::flush; },
                            [](const std::string& line) { tell(line); }},
                           stop);
  if (!state)
    return code_of(state.error());
  if (state->empty()) {
    if (const auto canceled = cancel_task(task, *id); !canceled) {
      complain("the task could not be canceled and may go on");
      return code_of(canceled.error());
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
  if (const int code = choose_server(flags); code >= 0)
    return code;
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
  app->add_option("--root-url", flags->task.root_url, "server; without it the local one")
      ->envname("TASKCLUSTER_ROOT_URL");
  app->add_option("--client-id", flags->client_id)->envname("TASKCLUSTER_CLIENT_ID");
  app->add_option("--access-token", flags->access_token)->envname("TASKCLUSTER_ACCESS_TOKEN");
  app->add_option("--certificate", flags->certificate)->envname("TASKCLUSTER_CERTIFICATE");
  app->add_option("--data", flags->data, "data directory of the local server");
  app->add_option("--max-run-time", flags->task.max_run_time_s, "seconds")
      ->check(CLI::Range(1U, longest_run_s))
      ->capture_default_str();
  app->add_flag("--json", flags->json, "the result as JSON on stdout, the log on stderr");
  app->add_option("command", flags->task.command, "the command and its arguments")->required();
  app->positionals_at_end();
  return [flags] { return run(*flags); };
}

}  // namespace troupe
