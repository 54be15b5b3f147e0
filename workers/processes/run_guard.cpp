#include "workers/processes/run_guard.hpp"

#include "runtime/clock/clock.hpp"
#include "workers/files/trees.hpp"
#include "workers/processes/guard_message.hpp"
#include "workers/processes/process_tree.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

namespace {

using namespace std::chrono_literals;

constexpr auto grace_without_worker = 3s;
constexpr auto look_again = 100ms;  // while processes are being killed that may still make others
constexpr int not_found_code = 127;
constexpr int no_directory_code = 126;

timestamp now() { return system_clock{}.now(); }

// What a process has as input, output and errors.
struct standard_streams {
  int input;
  int output;
  int errors;
};

[[noreturn]] void become(char* const* words, char* const* env, const char* directory,
                         standard_streams streams) {
  setsid();
  if (streams.input == streams.output)
    ioctl(streams.input, TIOCSCTTY, 0);  // a terminal: the process is its session
  for (int signal = 1; signal < NSIG; ++signal)
    ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(streams.input, 0);
  dup2(streams.output, 1);
  dup2(streams.errors, 2);
  close_range(3, ~0u, 0);
  if (chdir(directory) != 0) {
    dprintf(2, "%s: %s\n", directory, strerror(errno));
    _exit(no_directory_code);
  }
  execvpe(words[0], words, env);
  dprintf(2, "%s: %s\n", words[0], strerror(errno));
  _exit(not_found_code);
}

std::string read_all(int file) {
  std::string text;
  char buffer[65536];
  for (;;) {
    const auto got = ::pread(file, buffer, sizeof buffer, static_cast<off_t>(text.size()));
    if (got <= 0)
      return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

// `count` texts, each with a zero byte at its end; moves `at` behind them.
std::vector<char*> take_texts(char*& at, const char* end, std::int32_t count) {
  std::vector<char*> result;
  for (std::int32_t i = 0; i < count && at < end; ++i) {
    result.push_back(at);
    at += std::strlen(at) + 1;
  }
  result.push_back(nullptr);
  return result;
}

// What is to be started, of the text that an order carries.
struct wanted_process {
  explicit wanted_process(const guard_packet& order)
      : text(order.descriptors.empty() ? std::string{} : read_all(order.descriptors[0])) {
    char* at = text.data();
    const char* end = at + text.size();
    directory = take_texts(at, end, 1);
    words = take_texts(at, end, order.message.a);
    env = take_texts(at, end, order.message.b);
  }
  wanted_process(const wanted_process&) = delete;
  wanted_process& operator=(const wanted_process&) = delete;

  // The new process; -1 with the reason in `errno`.
  pid_t start(standard_streams streams) {
    if (directory[0] == nullptr || words[0] == nullptr) {
      errno = EINVAL;
      return -1;
    }
    const auto pid = ::fork();
    if (pid == 0)
      become(words.data(), env.data(), directory[0], streams);
    return pid;
  }

  std::string text;
  std::vector<char*> directory;
  std::vector<char*> words;
  std::vector<char*> env;
};

class run_guard {
 public:
  run_guard(const guard_places& places, const char* directory)
      : places_(places), directory_(directory) {}

  [[noreturn]] void watch();

 private:
  void take_orders();
  void drop_output();
  void obey(guard_packet& order);
  void start(const guard_packet& order);
  void open_shell(const guard_packet& order);
  void reap();
  void end_all(std::chrono::milliseconds grace);
  void kill_when_due();
  int wait_ms() const;

  guard_places places_;
  const char* directory_;
  int errors_ = -1;  // of a command whose errors are apart: where they are read
  pid_t command_ = -1;
  bool alone_ = false;                // the worker is gone
  bool none_left_ = true;             // of all that were started
  std::optional<timestamp> kill_at_;  // while everything is being ended
};

void run_guard::watch() {
  sigset_t child_signal;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  const int changes = ::signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
  for (;;) {
    pollfd waits[3] = {{changes, POLLIN, 0},
                       {alone_ ? places_.read : places_.socket, POLLIN, 0},
                       {alone_ ? errors_ : -1, POLLIN, 0}};
    ::poll(waits, 3, wait_ms());
    signalfd_siginfo ignored;
    while (::read(changes, &ignored, sizeof ignored) > 0) {
    }
    reap();
    if (alone_)
      drop_output();
    else if (waits[1].revents != 0)
      take_orders();
    kill_when_due();
  }
}

int run_guard::wait_ms() const {
  if (!kill_at_)
    return -1;
  const auto left = *kill_at_ - now();
  return static_cast<int>(
      (left > 0ms ? std::min<std::chrono::milliseconds>(left, 1h) : look_again).count());
}

void run_guard::take_orders() {
  for (;;) {
    guard_packet order;
    const auto result = receive_packet(places_.socket, order);
    if (result == receive_result::nothing)
      return;
    if (result == receive_result::closed) {
      alone_ = true;
      return end_all(grace_without_worker);
    }
    obey(order);
    for (const int descriptor : order.descriptors)
      ::close(descriptor);
  }
}

// Who writes where nobody reads is ended by the system, and has no time to end by itself.
void run_guard::drop_output() {
  constexpr int most_at_once = 16;
  char buffer[65536];
  for (int i = 0; i<most_at_once&& ::read(places_.read, buffer, sizeof buffer)> 0; ++i) {
  }
  for (int i = 0; i < most_at_once && errors_ >= 0; ++i) {
    const auto got = ::read(errors_, buffer, sizeof buffer);
    if (got < 0)
      return;
    if (got == 0)  // nobody writes there any more
      ::close(std::exchange(errors_, -1));
  }
}

void run_guard::obey(guard_packet& order) {
  switch (order.message.word) {
    case guard_word::start:
      return start(order);
    case guard_word::open_shell:
      return open_shell(order);
    case guard_word::stop:
      return end_all(std::chrono::milliseconds{order.message.a});
    case guard_word::kill:
      return end_all(0ms);
    case guard_word::leave:
      ::_exit(0);
    default:
      return;
  }
}

void run_guard::start(const guard_packet& order) {
  const bool apart = order.descriptors.size() == 4;
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (apart && errors_ >= 0)
    ::close(errors_);
  if (apart)
    errors_ = ::fcntl(order.descriptors[3], F_DUPFD_CLOEXEC, 0);
  command_ = wanted_process{order}.start(
      apart ? standard_streams{order.descriptors[1], places_.write, order.descriptors[2]}
            : standard_streams{nothing, places_.write, places_.write});
  const int why = errno;
  ::close(nothing);
  if (command_ > 0) {
    none_left_ = false;
    return;
  }
  dprintf(places_.write, "the command cannot be started: %s\n", strerror(why));
  send_packet(places_.socket, {guard_word::ended, not_found_code, 0});
}

// Who has the other end of the terminal sees how it ends.
void run_guard::open_shell(const guard_packet& order) {
  if (order.descriptors.size() < 2)
    return;
  const int terminal = order.descriptors[1];
  if (wanted_process{order}.start({terminal, terminal, terminal}) > 0)
    none_left_ = false;
  else
    dprintf(terminal, "a shell cannot be started: %s\r\n", strerror(errno));
}

// The command's end is told; that of others, which came here when their parents ended, is not.
void run_guard::reap() {
  for (;;) {
    int status = 0;
    const auto pid = ::waitpid(-1, &status, WNOHANG);
    if (pid < 0 && errno == EINTR)
      continue;
    none_left_ = pid < 0;
    if (pid <= 0)
      return;
    if (pid != command_)
      continue;
    command_ = -1;
    guard_message news{guard_word::ended, 0, 0};
    if (WIFSIGNALED(status))
      news.b = WTERMSIG(status);
    else
      news.a = WEXITSTATUS(status);
    send_packet(places_.socket, news);
  }
}

void run_guard::end_all(std::chrono::milliseconds grace) {
  const auto at = now() + grace;
  kill_at_ = kill_at_ ? std::min(*kill_at_, at) : at;
  if (grace <= 0ms)
    return;
  signal_below(::getpid(), SIGTERM);
  signal_below(::getpid(), SIGCONT);  // one that is stopped would not hear
}

// Whoever loses its parent becomes a child of this process, so everything has ended when there is
// no child any more.
void run_guard::kill_when_due() {
  if (!kill_at_)
    return;
  if (!none_left_ && now() >= *kill_at_) {
    signal_below(::getpid(), SIGKILL);
    reap();
  }
  if (!none_left_)
    return;
  kill_at_.reset();
  if (!alone_) {
    send_packet(places_.socket, {guard_word::all_gone, 0, 0});
    return;
  }
  if (*directory_ != '\0')
    remove_tree(directory_);
  ::_exit(0);
}

}  // namespace

void guard_run(const guard_places& places, const char* directory) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::prctl(PR_SET_NAME, "troupe-guard");
  send_packet(places.socket, {guard_word::here, ::getpid(), 0});
  run_guard{places, directory}.watch();
}

}  // namespace troupe
