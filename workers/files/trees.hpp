#pragma once

#include <string>

namespace troupe {

/// Removes a file or a directory with all that is in it, also what its owner may not write to now.
/// Never follows symbolic links. False when something is left.
bool remove_tree(const std::string& path);

/// Whether something is there; a symbolic link counts for itself.
bool is_there(const std::string& path);

/// Whether it is a directory, not a symbolic link to one.
bool is_real_directory(const std::string& path);

}  // namespace troupe
