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
  unsigned long long own_ticks = 0;
  unsigned long long ticks_of_ended = 0;  // of its children that were waited for
  unsigned long long started = 0;         // tells a process from one that gets its number later
  unsigned long long pages = 0;
};

std::optional<process_state> state_of(pid_t pid) {
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
  char* at = std::strrchr(text, ')');
  if (at == nullptr || at[1] != ' ' || at[2] == '\0')
    return {};
  process_state result;
  result.ended = at[2] == 'Z' || at[2] == 'X';
  at += 3;
  // As proc(5) numbers them.
  constexpr int first = 4, user = 14, ended_system = 17, start = 22, resident = 24;
  for (int field = first; field <= resident; ++field) {
    const auto value = std::strtoull(at, &at, 10);
    if (field == first)
      result.parent = static_cast<pid_t>(value);
    else if (field == user || field == user + 1)
      result.own_ticks += value;
    else if (field == ended_system - 1 || field == ended_system)
      result.ticks_of_ended += value;
    else if (field == start)
      result.started = value;
    else if (field == resident)
      result.pages = value;
  }
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

// Calls `visit` with each process below the root that is not spared.
template <class Visit>
void visit_below(const std::unordered_map<pid_t, process_state>& processes, pid_t root,
                 const std::set<pid_t>& spared, Visit visit) {
  std::unordered_map<pid_t, std::vector<pid_t>> children;
  for (const auto& [pid, state] : processes)
    children[state.parent].push_back(pid);
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
      visit(pid, processes.at(pid));
    }
  }
}

}  // namespace

std::size_t signal_below(pid_t root, int signal, const std::set<pid_t>& spared) {
  std::size_t count = 0;
  visit_below(all_processes(), root, spared, [&](pid_t pid, const process_state& state) {
    if (state.ended)
      return;
    ++count;
    send(pid, state, signal);
  });
  return count;
}

process_use use_below(pid_t root) {
  const auto processes = all_processes();
  process_use result;
  unsigned long long ticks = 0;
  unsigned long long pages = 0;
  if (const auto at = processes.find(root); at != processes.end())
    ticks = at->second.ticks_of_ended;
  visit_below(processes, root, {}, [&](pid_t, const process_state& state) {
    ticks += state.own_ticks + state.ticks_of_ended;
    pages += state.pages;
    result.processes += state.ended ? 0 : 1;
  });
  result.memory = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  result.cpu_seconds = static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return result;
}

}  // namespace troupe
