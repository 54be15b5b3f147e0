#include "workers/processes/process_guardian.hpp"

#include "workers/processes/guard_message.hpp"
#include "workers/processes/process_tree.hpp"
#include "workers/processes/run_guard.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <set>
#include <string_view>
#include <vector>

namespace troupe {

namespace {

constexpr int first_place = 3;
constexpr int look_again_ms = 100;  // while processes are being killed that may still make others

// Moves them to the first places, and closes all other descriptors.
void keep_only(std::initializer_list<int> descriptors) {
  constexpr int beyond_the_places = 16;
  std::vector<int> copies;
  for (const int descriptor : descriptors)
    copies.push_back(::fcntl(descriptor, F_DUPFD, beyond_the_places));
  int place = first_place;
  for (const int copy : copies)
    ::dup2(copy, place++);
  ::close_range(static_cast<unsigned>(place), ~0u, 0);
}

class guardian_process {
 public:
  [[noreturn]] void watch();

 private:
  void take_orders();
  void open_run(const guard_packet& order);
  void reap();

  bool alone_ = false;  // the worker is gone, or has no more runs
  std::set<pid_t> guards_;
  bool strangers_ = false;  // a guard was killed: what it had came here
};

void guardian_process::watch() {
  sigset_t child_signal;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  const int changes = ::signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
  while (!alone_ || !guards_.empty() || strangers_) {
    pollfd waits[2] = {{changes, POLLIN, 0}, {alone_ ? -1 : first_place, POLLIN, 0}};
    ::poll(waits, 2, strangers_ ? look_again_ms : -1);
    signalfd_siginfo ignored;
    while (::read(changes, &ignored, sizeof ignored) > 0) {
    }
    reap();
    if (waits[1].revents != 0)
      take_orders();
    if (strangers_)
      strangers_ = signal_below(::getpid(), SIGKILL, guards_) > 0;
  }
  ::_exit(0);
}

void guardian_process::take_orders() {
  for (;;) {
    guard_packet order;
    const auto result = receive_packet(first_place, order);
    if (result == receive_result::nothing)
      return;
    alone_ = result == receive_result::closed;
    if (alone_)
      return;
    if (order.message.word == guard_word::open_run && order.descriptors.size() == 3)
      open_run(order);
    for (const int descriptor : order.descriptors)
      ::close(descriptor);
  }
}

// When no process can be made, the run's socket is closed, which the worker sees.
void guardian_process::open_run(const guard_packet& order) {
  const auto pid = ::fork();
  if (pid == 0) {
    keep_only({order.descriptors[0], order.descriptors[1], order.descriptors[2]});
    guard_run({first_place, first_place + 1, first_place + 2}, order.text.c_str());
  }
  if (pid > 0)
    guards_.insert(pid);
}

void guardian_process::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;)
    if (guards_.erase(pid) > 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
      strangers_ = true;
}

// Between fork and exec only what is safe after a fork of a process with threads. Out of the
// worker's session, so that what is done to all its processes is not done to this one.
[[noreturn]] void become_guardian(char* const* words, char* const* environment, int socket) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDWR);
  for (int standard = 0; standard < first_place; ++standard)
    ::dup2(nothing, standard);
  if (socket == first_place)
    ::fcntl(socket, F_SETFD, 0);
  else
    ::dup2(socket, first_place);
  ::close_range(first_place + 1, ~0u, 0);
  ::execve(words[0], words, environment);
  ::_exit(1);
}

// Tasks of the same user can read it.
std::vector<std::string> environment_without_credentials() {
  std::vector<std::string> result;
  for (char** at = environ; *at != nullptr; ++at)
    if (!std::string_view{*at}.starts_with("TASKCLUSTER_"))
      result.emplace_back(*at);
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts)
    result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

api_error problem(const std::string& what) {
  return make_api_error(error_code::service_unavailable, what + ": " + std::strerror(errno));
}

}  // namespace

void guard_processes() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  ::fcntl(first_place, F_SETFD, FD_CLOEXEC);
  ::prctl(PR_SET_NAME, "troupe-guardian");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  guardian_process{}.watch();
}

outcome<std::unique_ptr<process_guardian>> process_guardian::start(
    const std::vector<std::string>& program) {
  auto words = program;
  auto variables = environment_without_credentials();
  const auto argv = pointers_to(words);
  const auto environment = pointers_to(variables);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return problem("cannot make a socket pair");
  const auto pid = ::fork();
  if (pid == 0)
    become_guardian(argv.data(), environment.data(), ends[1]);
  ::close(ends[1]);
  if (pid > 0)
    return std::unique_ptr<process_guardian>{new process_guardian{pid, ends[0]}};
  const auto error = problem("cannot start a process");
  ::close(ends[0]);
  return error;
}

process_guardian::~process_guardian() {
  ::close(socket_);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

outcome<std::unique_ptr<run_processes>> process_guardian::open_run(const std::string& directory) {
  int ends[2];
  int output[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return problem("cannot make a socket pair");
  if (::pipe2(output, O_CLOEXEC) != 0) {
    const auto error = problem("cannot make a pipe");
    ::close(ends[0]);
    ::close(ends[1]);
    return error;
  }
  ::fcntl(output[0], F_SETFL, O_NONBLOCK);
  auto made = std::make_unique<run_processes>(ends[0], output[0]);
  const bool sent = send_packet(socket_, {guard_word::open_run, 0, 0},
                                {ends[1], output[1], output[0]}, directory);
  const auto error = problem("the process that guards the tasks is gone");
  ::close(ends[1]);
  ::close(output[1]);
  if (!sent)
    return error;
  return made;
}

}  // namespace troupe
