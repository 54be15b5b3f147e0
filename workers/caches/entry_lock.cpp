#include "workers/caches/entry_lock.hpp"

#include "workers/files/trees.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace troupe {

namespace fs = std::filesystem;

namespace {

constexpr const char* lock_name = "/lock";

}  // namespace

std::optional<descriptor> lock_entry(const std::string& folder) {
  descriptor file{::open((folder + lock_name).c_str(), O_RDWR | O_CLOEXEC)};
  if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    return {};
  // It may have been removed between the two.
  struct stat found;
  if (::fstat(file.get(), &found) != 0 || found.st_nlink == 0)
    return {};
  return file;
}

std::optional<descriptor> make_entry(const std::string& parent, const std::string& id) {
  // A worker that starts in this moment may take it for what a killed one has left.
  constexpr int attempts = 3;
  const auto made = parent + "/.new-" + id;
  for (int i = 0; i < attempts; ++i) {
    std::error_code failed;
    fs::create_directories(made, failed);
    descriptor file{::open((made + lock_name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 &&
        std::rename(made.c_str(), (parent + "/" + id).c_str()) == 0)
      return file;
  }
  return {};
}

// The lock goes last, with the folder: what is left of an interrupted removal can be locked again.
void remove_entry(const std::string& folder) {
  std::error_code failed;
  for (auto at = fs::directory_iterator{folder, failed}; !failed && at != fs::directory_iterator{};
       at.increment(failed))
    if (at->path().filename() != "lock")
      remove_tree(at->path().string());
  remove_tree(folder);
}

bool replace_file(const std::string& path, const std::string& text) {
  const auto made = path + ".new";
  {
    std::ofstream file{made, std::ios::binary | std::ios::trunc};
    file << text;
    if (!file.flush())
      return false;
  }
  return std::rename(made.c_str(), path.c_str()) == 0;
}

std::string small_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace troupe
