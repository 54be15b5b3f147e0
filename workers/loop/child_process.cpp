#include "workers/loop/child_process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>

namespace troupe {

namespace {

constexpr int not_found_code = 127;

[[noreturn]] void become(char* const* words, char* const* env, const char* directory, int output) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  const int input = open("/dev/null", O_RDONLY);
  dup2(input, 0);
  dup2(output, 1);
  dup2(output, 2);
  close_range(3, ~0u, 0);
  if (chdir(directory) != 0)
    _exit(126);
  execvpe(words[0], words, env);
  dprintf(2, "%s: %s\n", words[0], strerror(errno));
  _exit(not_found_code);
}

// Calls `found` with each process that has the mark in its environment.
void each_marked(const std::string& mark, const std::function<void(pid_t)>& found) {
  DIR* processes = opendir("/proc");
  if (processes == nullptr)
    return;
  const auto self = getpid();
  while (const auto* entry = readdir(processes)) {
    const auto pid = static_cast<pid_t>(std::atoi(entry->d_name));
    if (pid <= 1 || pid == self)
      continue;
    std::ifstream file{std::string{"/proc/"} + entry->d_name + "/environ", std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    if (text.str().find(mark) != std::string::npos)
      found(pid);
  }
  closedir(processes);
}

}  // namespace

child_process::child_process(const std::vector<std::string>& words, const std::string& directory,
                             const std::map<std::string, std::string>& env, const std::string& mark)
    : mark_(mark) {
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
    result_ = exit_result{not_found_code, 0, true};
    return;
  }
  std::vector<std::string> lines;
  for (const auto& [name, value] : env)
    lines.push_back(name + "=" + value);
  lines.push_back(mark);
  std::vector<char*> environment;
  for (auto& line : lines)
    environment.push_back(line.data());
  environment.push_back(nullptr);
  auto arguments = words;
  std::vector<char*> argv;
  for (auto& word : arguments)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0)
    become(argv.data(), environment.data(), directory.c_str(), pipe_ends[1]);
  close(pipe_ends[1]);
  output_ = pipe_ends[0];
  fcntl(output_, F_SETFL, O_NONBLOCK);
  if (pid_ < 0)
    result_ = exit_result{not_found_code, 0, true};
}

child_process::~child_process() {
  if (pid_ > 0 && !result_) {
    signal_all(SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close_output();
}

void child_process::close_output() {
  if (output_ >= 0)
    close(output_);
  output_ = -1;
}

std::optional<exit_result> child_process::poll() {
  int status = 0;
  if (!result_ && waitpid(pid_, &status, WNOHANG) == pid_) {
    result_ = exit_result{};
    if (WIFSIGNALED(status))
      result_->signal = WTERMSIG(status);
    else
      result_->code = WEXITSTATUS(status);
  }
  return result_;
}

void child_process::signal_all(int signal) const {
  if (pid_ > 0 && !result_)
    ::kill(-pid_, signal);
  each_marked(mark_, [signal](pid_t pid) { ::kill(pid, signal); });
}

bool child_process::any_left() const {
  bool left = false;
  each_marked(mark_, [&left](pid_t) { left = true; });
  return left;
}

}  // namespace troupe
