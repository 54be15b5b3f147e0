#include "app/commands.hpp"
#include "app/data_directory.hpp"
#include "app/free_ports.hpp"
#include "app/node.hpp"
#include "app/private_redis.hpp"
#include "app/server_files.hpp"
#include "app/signals.hpp"
#include "app/task_client.hpp"
#include "app/version.hpp"
#include "runtime/log/log.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>
#include <iostream>
#include <map>
#include <thread>

namespace troupe {

namespace {

// What the public of one's own machine may read: enough for the pages in a browser.
const std::vector<std::string> local_readers = {
    "queue:get-task:*",       "queue:status:*",          "queue:get-artifact:public/*",
    "queue:list-artifacts:*", "queue:list-task-group:*", "queue:list-dependent-tasks:*",
    "queue:pending-count:*",  "queue:claimed-count:*",   "web:read-pulse",
};

struct up_flags {
  bool once = false;
  bool no_hello = false;
};

// `up` starts its worker by itself, but only when there is something to do.
const std::map<std::string, std::string, std::less<>> own_defaults = {{"local-workers-max", "1"}};

void say(const std::string& text) { std::cerr << text << std::endl; }

int fail(const api_error& error) {
  complain(error.message);
  return exit_usage;
}

// The first task: its log comes to the terminal, its result is the answer.
int say_hello(const node_doors& doors, const credentials& root, const stop_signal& stop) {
  command_task hello;
  hello.root_url = doors.root_url;
  hello.by = root;
  hello.name = "hello";
  hello.command = {"/bin/sh", "-c",
                   "echo 'Hello from a Troupe task.'; for i in 1 2 3; do echo \"line $i\"; "
                   "sleep 0.1; done; uname -sm"};
  auto id = create_command_task(hello);
  if (!id)
    return fail(id.error());
  say("hello task " + *id + " at " + doors.root_url + "/tasks/" + *id);
  auto state = follow_task(
      hello, *id, {[](std::string_view bytes) { std::cout << bytes << std::flush; }, &say}, stop);
  if (!state)
    return fail(state.error());
  if (state->empty()) {
    if (const auto canceled = cancel_task(hello, *id); !canceled)
      return fail(canceled.error());
    return exit_task_failed;
  }
  say("hello task " + *state);
  return *state == "completed" ? exit_fine : exit_task_failed;
}

void announce(const node_doors& doors, const std::string& data_dir, bool temporary) {
  say("Troupe is up at " + doors.root_url);
  say("  root credentials  " + data_dir + "/root-credentials");
  say("  events            tcp://127.0.0.1:" + std::to_string(doors.zmq_pub_port) +
      " (ZeroMQ PUB), replay at " + std::to_string(doors.zmq_router_port));
  say("  metrics           http://127.0.0.1:" + std::to_string(doors.metrics_port) + "/metrics");
  say("  remote workers    " + doors.caf_address + " (CAF by mutual TLS), certificates in " +
      data_dir + "/tls");
  if (temporary)
    say("  data              temporary; keep them with --data DIR");
}

int serve_locally(node& server, const data_directory& data, const credentials& root,
                  const up_flags& flags) {
  auto doors = server.start();
  if (!doors)
    return fail(doors.error());
  if (auto written = write_server_info(data.path(), *doors); !written)
    return fail(written.error());
  announce(*doors, data.path(), data.temporary());
  int result = exit_fine;
  // The hello task must not keep Ctrl-C from ending everything.
  stop_signal stop;
  std::thread hello;
  if (!flags.no_hello)
    hello = std::thread{[&] {
      const int said = say_hello(*doors, root, stop);
      if (flags.once) {
        result = said;
        end_wait("");
      } else if (!stop.is_set()) {
        say("Ctrl-C stops it; 'troupe run -- COMMAND' runs a task");
      }
    }};
  wait_for_end();
  say("stopping");
  stop.set();
  if (hello.joinable())
    hello.join();
  if (!end_reason().empty()) {
    complain(end_reason());
    result = exit_unreachable;
  }
  remove_server_info(data.path());
  return result;
}

int up(settings config, const up_flags& flags) {
  auto data = data_directory::open(config.data_dir);
  if (!data)
    return fail(data.error());
  config.data_dir = data->path();
  auto root = ensure_root_client(config, data->path());
  if (!root)
    return fail(root.error());
  if (config.anonymous_scopes.empty())
    config.anonymous_scopes = local_readers;
  std::optional<private_redis> redis;
  if (config.redis.empty()) {
    auto started = private_redis::start(data->path(), config.durable);
    if (!started)
      return fail(started.error());
    redis.emplace(std::move(*started));
    config.redis = redis->address();
  }
  log_setup logging;
  logging.form = config.log_as;
  logging.level = config.log_level == "info" ? "warning" : config.log_level;
  logging.to_stderr = true;
  logging.version = program_version();
  start_log(logging);
  int result = exit_fine;
  {
    node server{config, data->path()};
    server.on_fatal([](std::string why) { end_wait(std::move(why)); });
    result = serve_locally(server, *data, *root, flags);
    server.stop();
  }
  stop_log();
  return result;
}

}  // namespace

command add_up_command(CLI::App& root) {
  auto* app =
      root.add_subcommand("up", "everything on this machine: Redis, the platform and a worker");
  auto settings_of = std::make_shared<setting_flags>(*app, own_defaults);
  auto flags = std::make_shared<up_flags>();
  app->add_flag("--once", flags->once, "end after the hello task, with its result");
  app->add_flag("--no-hello", flags->no_hello, "run no hello task");
  return [settings_of, flags] {
    loaded_settings loaded;
    if (const int code = settings_of->load(loaded); code >= 0)
      return code;
    avoid_busy_ports(loaded, &say);
    return up(loaded.values, *flags);
  };
}

}  // namespace troupe
