#pragma once

#include "messages/api_error.hpp"

#include <string>

namespace troupe {

/// The directory in which a server keeps its state: locked while it runs, so that two servers
/// never share one. A temporary one goes with the object.
class data_directory {
 public:
  /// Opens (and makes) the directory; an empty path makes a temporary one. The error says in one
  /// line why it cannot be used: not writable, or used by another server.
  static outcome<data_directory> open(const std::string& path);

  data_directory(data_directory&& other) noexcept;
  data_directory& operator=(data_directory&& other) noexcept;
  ~data_directory();

  const std::string& path() const { return path_; }
  bool temporary() const { return temporary_; }

  /// `<path>/<name>`
  std::string file(std::string_view name) const { return path_ + "/" + std::string{name}; }

 private:
  data_directory() = default;

  std::string path_;
  bool temporary_ = false;
  int lock_ = -1;
};

/// Writes a small file at once or not at all, with these permissions.
outcome<void> write_file(const std::string& path, const std::string& text, unsigned mode);

/// The whole file; an empty text when there is none.
std::string read_file(const std::string& path);

/// Where subcommands find the `up` of this user: `$XDG_RUNTIME_DIR/troupe`, else `/run/troupe`,
/// else a directory below the temporary one. Made when missing.
std::string runtime_directory();

}  // namespace troupe
