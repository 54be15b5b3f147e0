#include "app/worker_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

namespace {

std::vector<std::string> words_of(const worker_launch& launch) {
  return {"/proc/self/exe", "worker",
          "--queue",        launch.task_queue_id,
          "--group",        launch.worker_group,
          "--id",           launch.worker_id,
          "--capacity",     std::to_string(launch.capacity),
          "--work-dir",     launch.data_dir + "/work/" + launch.worker_id,
          "--cache-dir",    launch.data_dir + "/caches",
          "--data",         launch.data_dir,
          "--sandbox",      launch.sandboxed ? "bubblewrap" : "none",
          "--connect",      launch.connect,
          "--tls",          launch.data_dir + "/tls"};
}

// Credentials go by the environment, which other users cannot read as they can a command line.
std::vector<std::string> environment_of(const worker_launch& launch) {
  const std::pair<std::string_view, const std::string&> given[] = {
      {"TASKCLUSTER_ROOT_URL=", launch.root_url},
      {"TASKCLUSTER_CLIENT_ID=", launch.by.client_id},
      {"TASKCLUSTER_ACCESS_TOKEN=", launch.by.access_token},
  };
  std::vector<std::string> result;
  for (char** at = environ; *at != nullptr; ++at)
    if (const std::string_view text{*at};
        !text.starts_with("TASKCLUSTER_") && !text.starts_with("TROUPE_TLS") &&
        !text.starts_with("TROUPE_SECRETS_") && !text.starts_with("CREDENTIALS_DIRECTORY="))
      result.emplace_back(text);
  for (const auto& [name, value] : given)
    result.push_back(std::string{name} + value);
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts)
    result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Between fork and exec only what is safe after a fork of a process with threads.
[[noreturn]] void become_worker(char** argv, char** environment, const char* log, pid_t parent) {
  // Dies with the server, and takes no Ctrl-C of the terminal: the server stops it first.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent)
    _exit(1);
  setsid();
  const int input = open("/dev/null", O_RDONLY);
  dup2(input, 0);
  const int output = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(output, 1);
  dup2(output, 2);
  close_range(3, ~0u, 0);
  execve(argv[0], argv, environment);
  _exit(127);
}

}  // namespace

outcome<worker_process> start_worker_process(const worker_launch& launch) {
  auto words = words_of(launch);
  auto variables = environment_of(launch);
  const auto argv = pointers_to(words);
  const auto environment = pointers_to(variables);
  const auto log = launch.data_dir + "/" + launch.worker_id + ".log";
  const auto parent = getpid();
  worker_process result;
  result.pid = fork();
  if (result.pid == 0)
    become_worker(const_cast<char**>(argv.data()), const_cast<char**>(environment.data()),
                  log.c_str(), parent);
  if (result.pid > 0)
    result.descriptor = static_cast<int>(syscall(SYS_pidfd_open, result.pid, 0));
  if (result.descriptor >= 0)
    return result;
  const std::string why = std::strerror(errno);
  if (result.pid > 0) {
    ::kill(result.pid, SIGKILL);
    waitpid(result.pid, nullptr, 0);
  }
  return make_api_error(error_code::service_unavailable, "cannot start a worker process: " + why);
}

process_end reap(int descriptor) {
  siginfo_t info = {};
  while (waitid(P_PIDFD, static_cast<id_t>(descriptor), &info, WEXITED) != 0)
    if (errno != EINTR)
      return {false, std::string{"unknown end: "} + std::strerror(errno)};
  if (info.si_code == CLD_EXITED)
    return {info.si_status == 0, "exit code " + std::to_string(info.si_status)};
  return {false,
          "signal " + std::to_string(info.si_status) + " (" + strsignal(info.si_status) + ")"};
}

}  // namespace troupe
