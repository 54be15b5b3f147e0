#include "workers/processes/process_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe {

namespace {

// Of /proc/<pid>/stat; the name between the brackets may hold anything.
struct process_state {
  pid_t parent = 0;
  bool ended = false;
  unsigned long long started = 0;  // tells a process from one that gets its number later
};

std::optional<process_state> state_of(pid_t pid) {
  constexpr int fields_until_start = 19;  // from the parent's on
  const auto path = "/proc/" + std::to_string(pid) + "/stat";
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return {};
  char text[1024];
  const auto got = ::read(file, text, sizeof text - 1);
  ::close(file);
  if (got <= 0)
    return {};
  text[got] = '\0';
  const char* at = std::strrchr(text, ')');
  if (at == nullptr || at[1] != ' ' || at[2] == '\0')
    return {};
  process_state result;
  result.ended = at[2] == 'Z' || at[2] == 'X';
  at += 3;
  result.parent = static_cast<pid_t>(std::strtol(at, nullptr, 10));
  for (int field = 0; field < fields_until_start && at != nullptr; ++field)
    at = std::strchr(at + 1, ' ');
  if (at != nullptr)
    result.started = std::strtoull(at, nullptr, 10);
  return result;
}

std::unordered_map<pid_t, process_state> all_processes() {
  std::unordered_map<pid_t, process_state> found;
  DIR* processes = ::opendir("/proc");
  if (processes == nullptr)
    return found;
  while (const auto* entry = ::readdir(processes)) {
    const auto pid = static_cast<pid_t>(std::atoi(entry->d_name));
    if (pid <= 1)
      continue;
    if (const auto state = state_of(pid))
      found.emplace(pid, *state);
  }
  ::closedir(processes);
  return found;
}

// The number may have gone to another process since it was looked up: the descriptor is of one
// process for good, so looking again tells.
void send(pid_t pid, const process_state& seen, int signal) {
  const auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (descriptor < 0)
    return;
  const auto again = state_of(pid);
  if (again && again->started == seen.started)
    ::syscall(SYS_pidfd_send_signal, descriptor, signal, nullptr, 0);
  ::close(descriptor);
}

}  // namespace

std::size_t signal_below(pid_t root, int signal, const std::set<pid_t>& spared) {
  const auto processes = all_processes();
  std::unordered_map<pid_t, std::vector<pid_t>> children;
  for (const auto& [pid, state] : processes)
    children[state.parent].push_back(pid);
  std::size_t count = 0;
  std::vector<pid_t> open{root};
  while (!open.empty()) {
    const auto parent = open.back();
    open.pop_back();
    const auto below = children.find(parent);
    if (below == children.end())
      continue;
    for (const auto pid : below->second) {
      if (spared.contains(pid))
        continue;
      open.push_back(pid);
      const auto& state = processes.at(pid);
      if (state.ended)
        continue;
      ++count;
      send(pid, state, signal);
    }
  }
  return count;
}

}  // namespace troupe
