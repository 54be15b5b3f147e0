#include "tests/bench/process_use.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>

namespace troupe_load {

namespace {

struct process {
  pid_t parent = 0;
  double cpu_s = 0;  // with that of ended children it has waited for
  long rss_pages = 0;
};

double ticks_per_s() {
  static const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  return ticks;
}

std::optional<process> read_process(const char* pid) {
  char path[300];
  std::snprintf(path, sizeof path, "/proc/%s/stat", pid);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return std::nullopt;
  char text[1024];
  const auto size = read(file, text, sizeof text - 1);
  close(file);
  if (size <= 0)
    return std::nullopt;
  text[size] = '\0';
  const char* after_name = std::strrchr(text, ')');
  long parent, user, system, children_user, children_system, rss;
  if (after_name == nullptr ||
      std::sscanf(after_name + 2,
                  "%*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld %*d %*d %*d %*d %*u "
                  "%*u %ld",
                  &parent, &user, &system, &children_user, &children_system, &rss) != 6)
    return std::nullopt;
  return process{
      static_cast<pid_t>(parent),
      static_cast<double>(user + system + children_user + children_system) / ticks_per_s(), rss};
}

std::map<pid_t, process> read_processes() {
  std::map<pid_t, process> all;
  DIR* proc = opendir("/proc");
  if (proc == nullptr)
    return all;
  while (const dirent* entry = readdir(proc))
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])))
      if (const auto found = read_process(entry->d_name))
        all.emplace(static_cast<pid_t>(std::atoi(entry->d_name)), *found);
  closedir(proc);
  return all;
}

long read_pss_kb(pid_t pid) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/smaps_rollup", static_cast<int>(pid));
  std::FILE* file = std::fopen(path, "r");
  if (file == nullptr)
    return 0;
  long total = 0;
  char line[256];
  long kb = 0;
  while (std::fgets(line, sizeof line, file))
    if (std::sscanf(line, "Pss: %ld kB", &kb) == 1)
      total += kb;
  std::fclose(file);
  return total;
}

}  // namespace

tree_use use_of_tree(pid_t root, bool with_memory) {
  const auto all = read_processes();
  tree_use use;
  std::vector<pid_t> left{root};
  while (!left.empty()) {
    const auto pid = left.back();
    left.pop_back();
    const auto found = all.find(pid);
    if (found == all.end())
      continue;
    ++use.processes;
    use.cpu_s += found->second.cpu_s;
    use.rss_kb += found->second.rss_pages * (sysconf(_SC_PAGESIZE) / 1024);
    if (with_memory)
      use.pss_kb += read_pss_kb(pid);
    for (const auto& [other, of] : all)
      if (of.parent == pid)
        left.push_back(other);
  }
  return use;
}

std::vector<tree_use> use_of(const watch_list& watched, bool with_memory) {
  std::vector<tree_use> result;
  for (const auto& [name, pid] : watched)
    result.push_back(use_of_tree(pid, with_memory));
  return result;
}

machine_cpu read_machine_cpu() {
  machine_cpu result;
  std::FILE* file = std::fopen("/proc/stat", "r");
  if (file == nullptr)
    return result;
  unsigned long long user, nice, system, idle, wait, irq, soft_irq, steal;
  if (std::fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle,
                  &wait, &irq, &soft_irq, &steal) == 8) {
    result.busy_s = static_cast<double>(user + nice + system + irq + soft_irq) / ticks_per_s();
    result.steal_s = static_cast<double>(steal) / ticks_per_s();
  }
  std::fclose(file);
  return result;
}

double own_cpu_s() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}

}  // namespace troupe_load
