#include "app/signals.hpp"

#include <pthread.h>
#include <unistd.h>
#include <csignal>
#include <mutex>

namespace troupe {

namespace {

std::mutex reason_guard;
std::string reason_text;

sigset_t ends() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR2);
  return set;
}

}  // namespace

void hold_signals() {
  auto set = ends();
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

int wait_for_end() {
  const auto set = ends();
  int signal = 0;
  while (sigwait(&set, &signal) != 0) {
  }
  return signal == SIGUSR2 ? 0 : signal;
}

bool end_is_wanted() {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1;
}

void end_wait(std::string reason) {
  {
    const std::lock_guard lock{reason_guard};
    if (reason_text.empty())
      reason_text = std::move(reason);
  }
  ::kill(::getpid(), SIGUSR2);
}

std::string end_reason() {
  const std::lock_guard lock{reason_guard};
  return reason_text;
}

}  // namespace troupe
