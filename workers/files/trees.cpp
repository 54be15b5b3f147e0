#include "workers/files/trees.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <filesystem>

namespace troupe {

namespace fs = std::filesystem;

namespace {

// What is in a directory can only be removed by whoever may write to the directory.
void open_directories(const std::string& path) {
  std::error_code failed;
  fs::permissions(path, fs::perms::owner_all, fs::perm_options::add | fs::perm_options::nofollow,
                  failed);
  for (auto at = fs::directory_iterator{path, failed}; !failed && at != fs::directory_iterator{};
       at.increment(failed))
    if (at->symlink_status(failed).type() == fs::file_type::directory)
      open_directories(at->path().string());
}

}  // namespace

bool remove_tree(const std::string& path) {
  std::error_code failed;
  fs::remove_all(path, failed);
  if (!failed)
    return true;
  if (is_real_directory(path))
    open_directories(path);
  failed.clear();
  fs::remove_all(path, failed);
  return !failed;
}

bool is_there(const std::string& path) {
  struct stat found;
  return ::lstat(path.c_str(), &found) == 0;
}

bool is_real_directory(const std::string& path) {
  struct stat found;
  return ::lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

}  // namespace troupe
