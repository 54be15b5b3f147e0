#pragma once

#include "messages/api_error.hpp"
#include "runtime/files/descriptor.hpp"
#include "workers/files/running_digest.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// What is known of a file that was downloaded.
struct file_facts {
  std::string sha256;         ///< in hexadecimal
  std::string entity_tag;     ///< as the server gave it
  std::string last_modified;  ///< as the server gave it
};

/// A file of the cache: readable as long as the object lives, also when the cache drops it.
struct cached_file {
  descriptor file;
  file_facts facts;

  /// A path by which it can be opened.
  std::string path() const { return "/proc/self/fd/" + std::to_string(file.get()); }
};

/// A download under way; goes with the object unless it was kept.
class new_file {
 public:
  new_file(std::string folder, descriptor lock, descriptor data);
  ~new_file();
  new_file(const new_file&) = delete;
  new_file& operator=(const new_file&) = delete;

  /// Adds bytes; false when they cannot be written.
  bool add(std::string_view bytes);

  /// Forgets what was added.
  bool start_again();

  /// Of all that was added; ends adding.
  std::string sha256() { return sum_.hex(); }

 private:
  friend class file_caches;

  std::string folder_;
  descriptor lock_;
  descriptor data_;
  running_digest sum_;
};

/// Downloads that are kept for later tasks, each under a key that says what it is. Several workers
/// may share a root. From any thread.
class file_caches {
 public:
  /// Makes the root, and removes downloads that workers which were killed have left.
  explicit file_caches(std::string root);

  /// What is kept under the key.
  std::optional<cached_file> find(const std::string& key);

  /// Where a download goes; nothing when that cannot be.
  std::unique_ptr<new_file> begin();

  /// Keeps a download under the key in place of what was there.
  outcome<cached_file> keep(std::unique_ptr<new_file> made, const std::string& key,
                            const file_facts& facts);

  void drop(const std::string& key);

  /// Drops the file that was not used for the longest time; false when there is none.
  bool drop_oldest();

 private:
  std::string folder_of(const std::string& key) const;

  const std::string root_;
};

}  // namespace troupe
