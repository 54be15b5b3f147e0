#include "workers/processes/control_group.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace troupe {

namespace fs = std::filesystem;

namespace {

constexpr const char* prefix = "troupe-";

// A shell goes there and becomes the command, so all that comes of it is there from the beginning.
constexpr const char* enter =
    "n=$1; shift; while [ $n -gt 0 ]; do echo $$ >\"$1/cgroup.procs\" || exit 125; shift; "
    "n=$((n-1)); done; exec \"$@\"";

std::string text_of_file(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool write_number(const std::string& path, std::uint64_t number) {
  std::ofstream out{path};
  out << number << std::flush;
  return out.good();
}

// The number behind a word, in a file of lines of both.
std::uint64_t number_in(const std::string& path, std::string_view wanted) {
  std::istringstream in{text_of_file(path)};
  std::string word;
  for (std::uint64_t number = 0; in >> word >> number;)
    if (word == wanted)
      return number;
  return 0;
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto each = list.substr(0, list.find(','));
    if (each == word)
      return true;
    list.remove_prefix(std::min(each.size() + 1, list.size()));
  }
  return false;
}

// Of a worker that is gone: groups whose names begin with the number of its process.
void remove_left_over(const std::string& parent) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator{parent, failed}) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(prefix))
      continue;
    const auto pid = static_cast<pid_t>(std::atoi(name.c_str() + std::strlen(prefix)));
    if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH)
      ::rmdir(entry.path().c_str());
  }
}

api_error not_here(const std::string& why) {
  return make_api_error(
      error_code::input_error,
      "--task-memory and --task-processes need control groups of version 1 for memory and pids "
      "that this worker may make groups in: " +
          why + "; run it as root where they are mounted, or leave the limits out");
}

}  // namespace

std::string group_directory_of(std::string_view controller, std::string_view groups,
                               std::string_view mounts) {
  std::string group;
  std::istringstream lines{std::string{groups}};
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second != std::string::npos &&
        has_word(std::string_view{line}.substr(first + 1, second - first - 1), controller))
      group = line.substr(second + 1);
  }
  if (group.empty())
    return {};
  std::istringstream places{std::string{mounts}};
  for (std::string line; std::getline(places, line);) {
    std::istringstream words{line};
    std::string number, parent, device, root, place, word, source, options;
    words >> number >> parent >> device >> root >> place;
    while (words >> word && word != "-") {
    }
    words >> word >> source >> options;
    if (word != "cgroup" || !has_word(options, controller))
      continue;
    // What is mounted may be a part of the hierarchy only: that of a container.
    if (root != "/" && !(group + "/").starts_with(root + "/"))
      continue;
    if (root != "/")
      group = group.substr(root.size());
    return group == "/" || group.empty() ? place : place + group;
  }
  return {};
}

// -- a group --------------------------------------------------------------------------------------

control_group::control_group(std::string memory_directory, std::string processes_directory)
    : memory_(std::move(memory_directory)), processes_(std::move(processes_directory)) {}

// Nothing is in it any more, unless something could not be ended before.
control_group::~control_group() {
  for (const auto& directory : directories()) {
    if (::rmdir(directory.c_str()) == 0)
      continue;
    std::istringstream in{text_of_file(directory + "/cgroup.procs")};
    for (pid_t pid = 0; in >> pid;)
      ::kill(pid, SIGKILL);
    ::rmdir(directory.c_str());
  }
}

std::vector<std::string> control_group::directories() const {
  std::vector<std::string> all;
  for (const auto& each : {memory_, processes_})
    if (!each.empty())
      all.push_back(each);
  return all;
}

std::vector<std::string> control_group::entering(const std::vector<std::string>& words) const {
  const auto places = directories();
  std::vector<std::string> all = {"/bin/sh", "-c", enter, "sh", std::to_string(places.size())};
  all.insert(all.end(), places.begin(), places.end());
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

std::uint64_t control_group::ended_for_memory() const {
  return memory_.empty() ? 0 : number_in(memory_ + "/memory.oom_control", "oom_kill");
}

std::uint64_t control_group::processes_refused() const {
  return processes_.empty() ? 0 : number_in(processes_ + "/pids.events", "max");
}

// -- all of a worker ------------------------------------------------------------------------------

outcome<std::shared_ptr<const control_groups>> control_groups::open(const group_limits& limits) {
  std::shared_ptr<control_groups> made{new control_groups{limits}};
  const auto groups = text_of_file("/proc/self/cgroup");
  const auto mounts = text_of_file("/proc/self/mountinfo");
  if (limits.memory_bytes > 0) {
    made->memory_ = group_directory_of("memory", groups, mounts);
    if (made->memory_.empty())
      return not_here("there is none for memory");
  }
  if (limits.processes > 0) {
    made->processes_ = group_directory_of("pids", groups, mounts);
    if (made->processes_.empty())
      return not_here("there is none for pids");
  }
  for (const auto& parent : {made->memory_, made->processes_})
    if (!parent.empty())
      remove_left_over(parent);
  TROUPE_CHECK(made->make("trial"));
  return std::shared_ptr<const control_groups>{std::move(made)};
}

outcome<std::unique_ptr<control_group>> control_groups::make(const std::string& name) const {
  const auto own = "/" + std::string{prefix} + std::to_string(::getpid()) + "-" + name;
  const auto memory = memory_.empty() ? memory_ : memory_ + own;
  const auto processes = processes_.empty() ? processes_ : processes_ + own;
  auto made = std::make_unique<control_group>(memory, processes);
  for (const auto& directory : {memory, processes})
    if (!directory.empty() && ::mkdir(directory.c_str(), 0755) != 0)
      return not_here(directory + " cannot be made: " + std::strerror(errno));
  if (!memory.empty() && !write_number(memory + "/memory.limit_in_bytes", limits_.memory_bytes))
    return not_here("the kernel does not take the limit of memory");
  // Where there is swap, that counts, too; not every kernel can tell.
  if (!memory.empty() && ::access((memory + "/memory.memsw.limit_in_bytes").c_str(), F_OK) == 0)
    write_number(memory + "/memory.memsw.limit_in_bytes", limits_.memory_bytes);
  if (!processes.empty() && !write_number(processes + "/pids.max", limits_.processes))
    return not_here("the kernel does not take the limit of processes");
  return made;
}

}  // namespace troupe
