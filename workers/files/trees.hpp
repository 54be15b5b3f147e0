#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace troupe {

/// Removes a file or a directory with all that is in it, also what its owner may not write to now.
/// Never follows symbolic links. False when something is left.
bool remove_tree(const std::string& path);

/// Whether something is there; a symbolic link counts for itself.
bool is_there(const std::string& path);

/// Whether it is a directory, not a symbolic link to one.
bool is_real_directory(const std::string& path);

/// The size of a file that is open, if it is a plain one: a pipe in its place would be waited for.
std::optional<std::uint64_t> size_of_plain(int file);

/// What stands at the end of a walk.
enum class tree_leaf {
  file,
  missing,  ///< a symbolic link that leads nowhere
  special,  ///< neither file nor directory, or a symbolic link to a directory
  closed,   ///< a directory that cannot be read
};

/// Names everything below a directory that is no directory, in the order of the names, by its path
/// from there. Does not follow symbolic links to directories.
void walk_tree(const std::string& directory,
               const std::function<void(const std::string& path, tree_leaf leaf)>& tell);

}  // namespace troupe
