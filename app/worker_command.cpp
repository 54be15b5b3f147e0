#include "app/certificate_authority.hpp"
#include "app/commands.hpp"
#include "app/data_directory.hpp"
#include "app/server_files.hpp"
#include "app/signals.hpp"
#include "app/version.hpp"
#include "app/worker_limits.hpp"
#include "app/worker_schema.hpp"
#include "runtime/log/log.hpp"
#include "workers/engines/container/container_engine.hpp"
#include "workers/engines/container/gpu_devices.hpp"
#include "workers/engines/process_engine.hpp"
#include "workers/engines/script/script_engine.hpp"
#include "workers/files/signing_key.hpp"
#include "workers/loop/http_queue_port.hpp"
#include "workers/loop/worker_caches.hpp"
#include "workers/processes/process_guardian.hpp"
#include "workers/remote/remote_queue_port.hpp"
#include "workers/worker.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <sys/signalfd.h>
#include <unistd.h>
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace troupe {

namespace {

constexpr const char* guard_command_name = "guard-processes";

struct worker_flags {
  std::string root_url;
  std::string client_id;
  std::string access_token;
  std::string certificate;
  std::string data;
  std::string connect;
  std::string tls_directory;
  tls_files tls;
  worker_options options;
  worker_limits limits;
  unsigned min_free_mb = 1024;
  unsigned max_log_mb = 1024;
  std::string key_file;
  bool key_is_readable = false;  // by tasks
  std::vector<std::string> engines = {"process"};
  container_options containers;
  std::vector<std::string> loopback_video;
  std::vector<std::string> loopback_audio;
  std::string script_config_file;
  std::string sandbox = "none";
  std::string sandbox_network = "host";
  std::vector<std::string> sandbox_shows;
  bool prints_schema = false;
};

std::string host_name() {
  char name[38] = {};
  gethostname(name, sizeof name - 1);
  return name[0] != '\0' ? name : "worker";
}

// What is not said is taken from the server of this machine. Without a root URL of its own the
// worker connects to that server's CAF port.
outcome<void> fill_in(worker_flags& flags) {
  auto& options = flags.options;
  options.root_url = flags.root_url;
  options.by = {flags.client_id, flags.access_token, flags.certificate};
  const bool knows_where = !options.root_url.empty() || !flags.connect.empty();
  if (!knows_where || options.by.access_token.empty()) {
    TROUPE_TRY(const auto server, find_local_server(flags.data));
    if (!knows_where) {
      options.root_url = server.root_url;
      flags.connect = server.caf_address;
    }
    if (options.by.access_token.empty())
      options.by = server.root;
    if (flags.tls_directory.empty())
      flags.tls_directory = server.data_dir + "/tls";
  }
  while (options.root_url.ends_with('/'))
    options.root_url.pop_back();
  return boost::system::in_place_value;
}

outcome<remote_server> read_remote_server(const worker_flags& flags) {
  remote_server server;
  const auto& text = flags.connect;
  const auto colon = text.rfind(':');
  const auto* end = text.data() + text.size();
  if (colon == std::string::npos || colon == 0 ||
      std::from_chars(text.data() + colon + 1, end, server.port).ptr != end || server.port == 0)
    return make_api_error(error_code::input_error,
                          "--connect must be HOST:PORT, not '" + text + "'");
  server.host = text.substr(0, colon);
  if (server.host.starts_with('[') && server.host.ends_with(']'))
    server.host = server.host.substr(1, server.host.size() - 2);
  server.tls = flags.tls;
  if (!flags.tls_directory.empty()) {
    const auto files = worker_tls(flags.tls_directory);
    for (const auto member : {&tls_files::certificate, &tls_files::key, &tls_files::authority})
      if ((server.tls.*member).empty())
        server.tls.*member = files.*member;
  }
  if (server.tls.certificate.empty() || server.tls.key.empty() || server.tls.authority.empty())
    return make_api_error(error_code::input_error,
                          "--connect needs a certificate of the server's authority: --tls-cert, "
                          "--tls-key and --tls-ca, or --tls with the directory of the three (on "
                          "the server it is tls/ in the data directory)");
  return server;
}

int exit_code_of(const api_error& error) {
  switch (error.code) {
    case error_code::authentication_failed:
    case error_code::insufficient_scopes:
      return exit_not_authorised;
    case error_code::service_unavailable:
    case error_code::resource_not_found:
      return exit_unreachable;
    default:
      return exit_usage;
  }
}

// A signal ends the wait for a server that is not there, and stays for whoever handles it.
outcome<std::unique_ptr<queue_port>> connect(worker_flags& flags) {
  TROUPE_TRY(const auto server, read_remote_server(flags));
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  const int signals = ::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
  auto port = connect_remote_queue(flags.options, server, std::string{program_version()}, signals);
  ::close(signals);
  if (port)
    log_message(severity::notice, "connected to " + flags.connect);
  return port;
}

int run_connected(worker_flags& flags, process_guardian& guardian) {
  auto& options = flags.options;
  options.make_queue_port = make_http_queue_port;
  if (!flags.connect.empty()) {
    auto port = connect(flags);
    if (!port && end_is_wanted())
      return exit_fine;
    if (!port) {
      complain(port.error().message);
      return exit_code_of(port.error());
    }
    const auto made = std::make_shared<std::unique_ptr<queue_port>>(std::move(*port));
    options.make_queue_port = [made](const worker_options&) { return std::move(*made); };
  }
  return run_worker(options, guardian);
}

// What of the worker's own is not for tasks: credentials of the server, other tasks, caches, and
// the key that tasks must not have.
outcome<std::optional<sandbox_rules>> prepare_sandbox(const worker_flags& flags) {
  const auto& options = flags.options;
  if (flags.sandbox == "none")
    return std::optional<sandbox_rules>{};
  sandbox_rules rules;
  rules.network = flags.sandbox_network == "host";
  for (const auto& path : {flags.data, flags.tls_directory, flags.tls.key, flags.key_file,
                           flags.script_config_file, options.cache_dir, options.work_dir})
    if (!path.empty())
      rules.hidden.push_back(path);
  rules.shown = flags.sandbox_shows;
  TROUPE_CHECK(try_sandbox(rules, options.work_dir));
  return std::optional{std::move(rules)};
}

outcome<container_engines> make_containers(const worker_flags& flags,
                                           std::shared_ptr<device_shelf> devices) {
  const auto& options = flags.options;
  auto containers = flags.containers;
  containers.pool = options.task_queue_id;
  containers.group = options.worker_group;
  containers.signs = options.key != nullptr;
  containers.directory = std::filesystem::absolute(options.cache_dir) / "containers";
  containers.min_free_bytes = options.min_free_bytes;
  TROUPE_TRY(containers.gpus, find_gpus(containers.gpus));
  return make_container_engines(std::move(containers), std::move(devices));
}

outcome<std::shared_ptr<engine>> make_scripts(const worker_flags& flags) {
  TROUPE_TRY(auto config, read_given_script_config(flags.script_config_file));
  return make_script_engine({std::move(config), flags.options.key != nullptr});
}

// What carries tasks out.
outcome<void> make_engines(worker_flags& flags) {
  auto& options = flags.options;
  const bool signs = options.key != nullptr;
  TROUPE_TRY(const auto devices, device_shelf::open(flags.loopback_video, flags.loopback_audio));
  std::shared_ptr<engine> common;
  for (const auto& name : flags.engines) {
    if (name == "process") {
      TROUPE_TRY(auto sandbox, prepare_sandbox(flags));
      flags.key_is_readable = signs && !sandbox;
      options.engines.push_back(
          make_process_engine({options.task_queue_id, signs, std::move(sandbox), devices}));
    }
    if (name == "container") {
      TROUPE_TRY(auto made, make_containers(flags, devices));
      options.engines.push_back(std::move(made.own));
      common = std::move(made.common);
    }
    if (name == "script") {
      TROUPE_TRY(auto made, make_scripts(flags));
      options.engines.push_back(std::move(made));
    }
  }
  if (common)
    options.engines.push_back(std::move(common));
  return boost::system::in_place_value;
}

// By tasks whose commands nothing contains.
void warn_of_what_is_readable(const worker_flags& flags) {
  if (flags.key_is_readable)
    log_message(
        severity::warning,
        "tasks run as the user of this worker and could read its key of the chain of trust; "
        "--sandbox bubblewrap covers it");
  const auto has = [&flags](const char* name) {
    return std::find(flags.engines.begin(), flags.engines.end(), name) != flags.engines.end();
  };
  if (has("script") && has("process") && flags.sandbox == "none")
    log_message(severity::warning,
                "tasks of the engine process run as the user of this worker, and could do what its "
                "scripts may; use a worker for scripts alone, or --sandbox bubblewrap");
}

int work(worker_flags& flags) {
  auto& options = flags.options;
  if (const auto filled = fill_in(flags); !filled) {
    complain(filled.error().message);
    return exit_unreachable;
  }
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
  if (options.cache_dir.empty())
    options.cache_dir = options.work_dir + "/caches";
  options.min_free_bytes = std::uint64_t{flags.min_free_mb} * 1024 * 1024;
  options.most_log_bytes = std::uint64_t{flags.max_log_mb} * 1024 * 1024;
  if (const auto fine = check_cache_place(options); !fine) {
    complain(fine.error().message);
    return exit_usage;
  }
  if (!flags.key_file.empty()) {
    auto key = signing_key::read(flags.key_file);
    if (!key) {
      complain(key.error().message);
      return exit_usage;
    }
    options.key = std::make_shared<const signing_key>(std::move(*key));
  }
  if (const auto fine = set_limits(flags.limits, flags.engines, options); !fine) {
    complain(fine.error().message);
    return exit_usage;
  }
  if (const auto fine = make_engines(flags); !fine) {
    complain(fine.error().message);
    return exit_usage;
  }
  const auto guardian = process_guardian::start({"/proc/self/exe", guard_command_name});
  if (!guardian) {
    complain(guardian.error().message);
    return exit_usage;
  }
  log_setup logging;
  logging.to_stderr = true;
  logging.version = program_version();
  start_log(logging);
  warn_of_what_is_readable(flags);
  const int code = run_connected(flags, **guardian);
  stop_log();
  return code;
}

}  // namespace

// A process that a worker starts beside itself; nothing for people.
command add_guard_command(CLI::App& root) {
  root.add_subcommand(guard_command_name)->group("");
  return []() -> int { guard_processes(); };
}

namespace {

void add_container_flags(CLI::App& app, container_options& containers) {
  containers.network = "host";
  app.add_option("--container-runtime", containers.runtime,
                 "OCI runtime of containers: runc, crun, ...; without it, whichever works");
  app.add_option("--container-storage", containers.storage,
                 "storage driver of containers: overlay, vfs, ...; without it, whichever works");
  app.add_option("--container-network", containers.network,
                 "network of containers, as podman names it: host, none, bridge, ...")
      ->capture_default_str();
  app.add_option(
         "--container-registry-auth", containers.registry_auth,
         "file with credentials of registries, as `podman login --authfile` makes it; tasks "
         "need docker-worker:image:<name> for images of these")
      ->check(CLI::ExistingFile);
  app.add_flag(
      "--container-privileged", containers.privileged,
      "tasks with the scope may have privileged containers, which are root of the machine");
  app.add_option("--container-image", containers.image,
                 "image of tasks that name none, for their commands: a name, or a file that "
                 "`docker save` made; where the engine process is given as well, that has them");
  app.add_option("--container-gpus", containers.gpus,
                 "what every container has of the machine's GPUs: paths of devices, in which * may "
                 "stand (/dev/nvidia*), or a name of CDI (nvidia.com/gpu=all); several by commas")
      ->delimiter(',');
  app.add_flag("--container-nested", containers.nested,
               "tasks may have a docker of their own (features.dind), with rights over nothing but "
               "its own containers");
}

void add_device_flags(CLI::App& app, worker_flags& flags) {
  app.add_option("--loopback-video", flags.loopback_video,
                 "/dev/video<n> of v4l2loopback, lent to one task at a time that has the scope; "
                 "may be repeated");
  app.add_option("--loopback-audio", flags.loopback_audio,
                 "the same of snd-aloop: /dev/snd, or the files of one card by commas; may be "
                 "repeated");
}

}  // namespace

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
  app->add_option("--connect", flags->connect,
                  "HOST:PORT of the server's CAF port; with only a root URL the worker speaks HTTP")
      ->envname("TROUPE_CONNECT");
  app->add_option("--tls", flags->tls_directory, "directory of worker.crt, worker.key and ca.crt")
      ->envname("TROUPE_TLS");
  app->add_option("--tls-cert", flags->tls.certificate, "certificate for the CAF port (PEM)")
      ->envname("TROUPE_TLS_CERT");
  app->add_option("--tls-key", flags->tls.key, "its key")->envname("TROUPE_TLS_KEY");
  app->add_option("--tls-ca", flags->tls.authority, "authority of the server's certificate")
      ->envname("TROUPE_TLS_CA");
  app->add_option("-q,--queue", options.task_queue_id, "<provisionerId>/<workerType>")
      ->capture_default_str();
  app->add_option("--group", options.worker_group, "workerGroup")->capture_default_str();
  app->add_option("--id", options.worker_id, "workerId")->capture_default_str();
  app->add_option("--capacity", options.capacity, "tasks at once")
      ->check(CLI::Range(1, 255))
      ->capture_default_str();
  app->add_option("--work-dir", options.work_dir, "where tasks run; a temporary one without it");
  app->add_option("--cache-dir", options.cache_dir,
                  "where caches and downloads are kept, on the file system of --work-dir; workers "
                  "may share it; without it, below --work-dir");
  app->add_option("--min-free-disk", flags->min_free_mb,
                  "MB of the disk that caches leave free, by dropping what was not used for long")
      ->capture_default_str();
  app->add_option("--max-log", flags->max_log_mb,
                  "MB of a task's output that are kept; the task may write more, and goes on")
      ->check(CLI::Range(1u, 1'000'000u))
      ->envname("TROUPE_WORKER_MAX_LOG")
      ->capture_default_str();
  app->add_option("--chain-of-trust-key", flags->key_file,
                  "file of the key that signs certificates of tasks: the base64 of an Ed25519 seed")
      ->envname("TROUPE_CHAIN_OF_TRUST_KEY");
  app->add_option(
         "--engine", flags->engines,
         "how tasks are carried out: process (a payload of the stock generic-worker), "
         "container (one of the stock docker-worker, by podman), script (data for a script "
         "of --script-config); several by commas")
      ->check(CLI::IsMember({"process", "container", "script"}))
      ->delimiter(',')
      ->envname("TROUPE_WORKER_ENGINE")
      ->capture_default_str();
  add_container_flags(*app, flags->containers);
  add_device_flags(*app, *flags);
  app->add_option("--script-config", flags->script_config_file,
                  "JSON file of the scripts that tasks can have run by --engine script")
      ->envname("TROUPE_WORKER_SCRIPT_CONFIG");
  app->add_option("--sandbox", flags->sandbox,
                  "how commands are contained: none, or bubblewrap (a read-only system, a /tmp of "
                  "their own, and nothing of other tasks and of the worker)")
      ->check(CLI::IsMember({"none", "bubblewrap"}))
      ->envname("TROUPE_WORKER_SANDBOX")
      ->capture_default_str();
  app->add_option("--sandbox-network", flags->sandbox_network, "of the sandbox: host, or none")
      ->check(CLI::IsMember({"host", "none"}))
      ->capture_default_str();
  app->add_option(
         "--sandbox-show", flags->sandbox_shows,
         "PATH that commands may read although it lies in what the sandbox hides, like the "
         "home directory; may be repeated")
      ->check(CLI::ExistingPath);
  add_limit_flags(*app, flags->limits);
  app->add_flag("--print-schema", flags->prints_schema,
                "prints the JSON schema of the payloads that this worker would take, and ends");
  return [flags] {
    return flags->prints_schema
               ? print_payload_schema(flags->engines, flags->script_config_file,
                                      std::chrono::seconds{flags->limits.max_run_s})
               : work(*flags);
  };
}

}  // namespace troupe
