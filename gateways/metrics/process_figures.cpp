#include "gateways/metrics/process_figures.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace troupe {

namespace {

// When the machine started, in seconds since the epoch.
double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;)
    if (word == "btime") {
      double seconds = 0;
      file >> seconds;
      return seconds;
    }
  return 0;
}

std::uint64_t count_open_files() {
  auto* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr)
    return 0;
  std::uint64_t entries = 0;
  while (::readdir(directory) != nullptr)
    ++entries;
  ::closedir(directory);
  return entries > 3 ? entries - 3 : 0;  // `.`, `..` and the directory itself
}

}  // namespace

process_figures read_process_figures() {
  process_figures figures;
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  // The second field is a name in brackets, which may hold anything.
  const auto bracket = text.rfind(')');
  if (bracket == std::string::npos)
    return figures;
  std::istringstream rest(text.substr(bracket + 1));
  std::vector<std::string> fields{"", ""};  // so that the numbers are those of proc(5), less one
  for (std::string field; rest >> field;)
    fields.push_back(field);
  if (fields.size() < 24)
    return figures;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  figures.cpu_seconds = (std::stod(fields[13]) + std::stod(fields[14])) / ticks;
  figures.threads = std::stoull(fields[19]);
  figures.start_time = boot_time() + std::stod(fields[21]) / ticks;
  figures.virtual_bytes = std::stoull(fields[22]);
  figures.resident_bytes =
      std::stoull(fields[23]) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  figures.open_files = count_open_files();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    figures.most_files = limit.rlim_cur;
  return figures;
}

}  // namespace troupe
