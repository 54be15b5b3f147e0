#pragma once

#include "runtime/files/descriptor.hpp"

#include <optional>
#include <string>

namespace troupe {

/// Takes the lock of a cache's entry, which is the file `lock` in its folder; nothing when somebody
/// else has it, here or in another worker, or when there is no such entry. Held while the
/// descriptor is open, so a worker that is killed holds nothing.
std::optional<descriptor> lock_entry(const std::string& folder);

/// Makes the folder `<parent>/<id>` with its lock held, so that nobody finds it without; nothing
/// when that cannot be.
std::optional<descriptor> make_entry(const std::string& parent, const std::string& id);

/// Removes an entry whose lock is held.
void remove_entry(const std::string& folder);

/// Replaces a small file at once or not at all; false when that cannot be.
bool replace_file(const std::string& path, const std::string& text);

/// The whole of a small file; empty when there is none.
std::string small_file(const std::string& path);

}  // namespace troupe
