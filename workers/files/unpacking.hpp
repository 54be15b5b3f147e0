#pragma once

#include "messages/api_error.hpp"

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Formats of a single packed file: `gz`, `xz`, ...; and of archives: `tar`, `tar.gz`, `zip`, ...
bool unpacks_file(std::string_view format);
bool unpacks_archive(std::string_view format);

/// The formats by name, for messages.
std::string file_formats();
std::string archive_formats();

/// Unpacks the file `from` into the new file `to`. The error says why that cannot be; it is given
/// up when `give_up` becomes true.
outcome<void> unpack_file(const std::string& from, std::string_view format, const std::string& to,
                          const std::atomic<bool>& give_up);

/// Unpacks an archive into the directory, which must be there. What would come to lie outside of
/// it, goes through a symbolic link, or is no file, directory or link ends it with an error; what
/// was unpacked before stays.
outcome<void> unpack_archive(const std::string& from, std::string_view format,
                             const std::string& directory, const std::atomic<bool>& give_up);

/// The path of an archive's entry without what does not change it; empty for the archive's own
/// directory. The error names a path that leads out of it.
outcome<std::string> path_within(std::string_view path);

}  // namespace troupe
