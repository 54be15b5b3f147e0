#include "workers/files/trees.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <filesystem>
#include <vector>

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

tree_leaf leaf_at(const fs::path& path, fs::file_type type) {
  if (type == fs::file_type::regular)
    return tree_leaf::file;
  std::error_code failed;
  const auto target = type == fs::file_type::symlink ? fs::status(path, failed).type() : type;
  if (target == fs::file_type::regular)
    return tree_leaf::file;
  return target == fs::file_type::not_found ? tree_leaf::missing : tree_leaf::special;
}

void walk(const fs::path& directory, const std::string& above,
          const std::function<void(const std::string&, tree_leaf)>& tell) {
  std::error_code failed;
  std::vector<fs::directory_entry> entries;
  for (auto at = fs::directory_iterator{directory, failed};
       !failed && at != fs::directory_iterator{}; at.increment(failed))
    entries.push_back(*at);
  if (failed)
    return tell(above.empty() ? "." : above.substr(0, above.size() - 1), tree_leaf::closed);
  std::sort(entries.begin(), entries.end());
  for (const auto& entry : entries) {
    const auto path = above + entry.path().filename().string();
    const auto type = entry.symlink_status(failed).type();
    if (type == fs::file_type::directory)
      walk(entry.path(), path + "/", tell);
    else
      tell(path, leaf_at(entry.path(), type));
  }
}

}  // namespace

std::optional<std::uint64_t> size_of_plain(int file) {
  struct stat found;
  if (::fstat(file, &found) != 0 || !S_ISREG(found.st_mode))
    return {};
  return static_cast<std::uint64_t>(found.st_size);
}

void walk_tree(const std::string& directory,
               const std::function<void(const std::string& path, tree_leaf leaf)>& tell) {
  walk(directory, {}, tell);
}

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
