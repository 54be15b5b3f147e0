#include "workers/processes/tool_call.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace troupe {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t most_text = 4 * 1024 * 1024;
constexpr std::size_t most_error = 4096;
constexpr int not_found_code = 127;
constexpr int signal_base = 128;

struct pipe_ends {
  int read = -1;
  int write = -1;

  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
  void close_write() {
    if (write >= 0)
      ::close(write);
    write = -1;
  }
  ~pipe_ends() {
    close_write();
    if (read >= 0)
      ::close(read);
  }
};

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const auto& text : texts)
    result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// Only what is safe between fork and exec of a process with threads.
[[noreturn]] void become(char* const* words, char* const* env, int output, int error) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int signal = 1; signal < NSIG; ++signal)
    ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int input = ::open("/dev/null", O_RDONLY);
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(error, 2);
  ::close_range(3, ~0u, 0);
  ::execvpe(words[0], words, env);
  const char* why = std::strerror(errno);
  [[maybe_unused]] const auto told = ::write(2, why, std::strlen(why));
  ::_exit(not_found_code);
}

// Appends what is there; false at the end.
bool take(int file, std::string& to) {
  char buffer[16384];
  const auto got = ::read(file, buffer, sizeof buffer);
  if (got > 0)
    to.append(buffer, static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && errno == EINTR);
}

// Until both pipes are at their end, or until there is a reason to stop.
tool_answer::kind listen(const tool_call& call, int output, int error, tool_answer& answer) {
  const auto until = clock::now() + call.limit;
  pollfd waits[3] = {{output, POLLIN, 0}, {error, POLLIN, 0}, {call.interruption, POLLIN, 0}};
  while (waits[0].fd >= 0 || waits[1].fd >= 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    if (left.count() <= 0)
      return tool_answer::kind::too_slow;
    ::poll(waits, 3, static_cast<int>(std::min<std::int64_t>(left.count(), 3'600'000)));
    if (waits[2].revents != 0)
      return tool_answer::kind::interrupted;
    if (waits[0].revents != 0 && !take(output, answer.text))
      waits[0].fd = -1;
    if (waits[1].revents != 0 && !take(error, answer.error))
      waits[1].fd = -1;
    // Who writes without end is not waited for, either.
    if (answer.text.size() > most_text)
      return tool_answer::kind::too_slow;
    if (answer.error.size() > most_error)
      answer.error.erase(0, answer.error.size() - most_error);
  }
  return tool_answer::kind::ended;
}

}  // namespace

std::string tool_answer::trouble() const {
  switch (how) {
    case kind::too_slow:
      return "it took too long and was stopped";
    case kind::interrupted:
      return "it was given up";
    default:
      break;
  }
  auto line = error.empty() ? text : error;
  while (!line.empty() && (line.back() == '\n' || line.back() == ' '))
    line.pop_back();
  // The last line says it; those before are warnings.
  if (const auto at = line.rfind('\n'); at != std::string::npos)
    line.erase(0, at + 1);
  return line.empty() ? "exit code " + std::to_string(code) : line;
}

tool_answer call_tool(const tool_call& call) {
  tool_answer answer;
  pipe_ends output;
  pipe_ends error;
  if (!output.open() || !error.open()) {
    answer.error = std::strerror(errno);
    return answer;
  }
  std::vector<std::string> settings;
  for (const auto& [name, value] : call.env)
    settings.push_back(name + "=" + value);
  const auto words = pointers_to(call.words);
  const auto env = pointers_to(settings);
  const auto pid = ::fork();
  if (pid == 0)
    become(words.data(), env.data(), output.write, error.write);
  if (pid < 0) {
    answer.error = std::strerror(errno);
    return answer;
  }
  ::setpgid(pid, pid);  // whoever is first
  output.close_write();
  error.close_write();
  answer.how = listen(call, output.read, error.read, answer);
  if (answer.how != tool_answer::kind::ended)
    ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (answer.how != tool_answer::kind::ended)
    return answer;
  answer.code = WIFEXITED(status) ? WEXITSTATUS(status) : signal_base + WTERMSIG(status);
  if (answer.code == not_found_code && answer.text.empty())
    answer.how = tool_answer::kind::not_started;
  return answer;
}

}  // namespace troupe
