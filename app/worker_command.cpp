#include "app/commands.hpp"
#include "app/data_directory.hpp"
#include "app/server_files.hpp"
#include "app/version.hpp"
#include "runtime/log/log.hpp"
#include "workers/loop/http_queue_port.hpp"
#include "workers/processes/process_guardian.hpp"
#include "workers/worker.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <unistd.h>
#include <cstdlib>

namespace troupe {

namespace {

constexpr const char* guard_command_name = "guard-processes";

struct worker_flags {
  std::string root_url;
  std::string client_id;
  std::string access_token;
  std::string certificate;
  std::string data;
  worker_options options;
  unsigned idle_s = 0;
};

std::string host_name() {
  char name[38] = {};
  gethostname(name, sizeof name - 1);
  return name[0] != '\0' ? name : "worker";
}

int work(worker_flags& flags) {
  auto& options = flags.options;
  options.root_url = flags.root_url;
  options.by = {flags.client_id, flags.access_token, flags.certificate};
  if (options.root_url.empty() || options.by.access_token.empty()) {
    const auto server = find_local_server(flags.data);
    if (!server) {
      complain(server.error().message);
      return exit_unreachable;
    }
    if (options.root_url.empty())
      options.root_url = server->root_url;
    if (options.by.access_token.empty())
      options.by = server->root;
  }
  while (options.root_url.ends_with('/'))
    options.root_url.pop_back();
  if (options.task_queue_id.find('/') == std::string::npos) {
    complain("--queue must be <provisionerId>/<workerType>, not '" + options.task_queue_id + "'");
    return exit_usage;
  }
  std::optional<data_directory> temporary;
  if (options.work_dir.empty()) {
    auto made = data_directory::open("");
    if (!made) {
      complain(made.error().message);
      return exit_usage;
    }
    temporary.emplace(std::move(*made));
    options.work_dir = temporary->path();
  }
  options.idle_timeout = std::chrono::seconds{flags.idle_s};
  const auto guardian = process_guardian::start({"/proc/self/exe", guard_command_name});
  if (!guardian) {
    complain(guardian.error().message);
    return exit_usage;
  }
  options.make_queue_port = make_http_queue_port;
  log_setup logging;
  logging.to_stderr = true;
  logging.version = program_version();
  start_log(logging);
  const int code = run_worker(options, **guardian);
  stop_log();
  return code;
}

}  // namespace

// A process that a worker starts beside itself; nothing for people.
command add_guard_command(CLI::App& root) {
  root.add_subcommand(guard_command_name)->group("");
  return []() -> int { guard_processes(); };
}

command add_worker_command(CLI::App& root) {
  auto* app = root.add_subcommand("worker", "claims tasks of a queue and runs them");
  auto flags = std::make_shared<worker_flags>();
  auto& options = flags->options;
  options.task_queue_id = "local/default";
  options.worker_group = "local";
  options.worker_id = host_name();
  app->add_option("--root-url", flags->root_url, "server; without it the local one")
      ->envname("TASKCLUSTER_ROOT_URL");
  app->add_option("--client-id", flags->client_id)->envname("TASKCLUSTER_CLIENT_ID");
  app->add_option("--access-token", flags->access_token)->envname("TASKCLUSTER_ACCESS_TOKEN");
  app->add_option("--certificate", flags->certificate)->envname("TASKCLUSTER_CERTIFICATE");
  app->add_option("--data", flags->data, "data directory of the local server");
  app->add_option("-q,--queue", options.task_queue_id, "<provisionerId>/<workerType>")
      ->capture_default_str();
  app->add_option("--group", options.worker_group, "workerGroup")->capture_default_str();
  app->add_option("--id", options.worker_id, "workerId")->capture_default_str();
  app->add_option("--capacity", options.capacity, "tasks at once")
      ->check(CLI::Range(1, 255))
      ->capture_default_str();
  app->add_option("--work-dir", options.work_dir, "where tasks run; a temporary one without it");
  app->add_option("--idle-timeout", flags->idle_s, "ends after so many seconds without a task");
  return [flags] { return work(*flags); };
}

}  // namespace troupe
