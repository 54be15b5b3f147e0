#pragma once

#include "messages/api_error.hpp"
#include "messages/timestamp.hpp"
#include "runtime/files/descriptor.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace troupe {

class directory_caches;

/// A copy of a cache that a task has: no other task gets it. Goes with the object unless it was
/// given back.
class held_cache {
 public:
  held_cache(std::string name, std::string folder, std::string place, timestamp created,
             descriptor lock)
      : name_(std::move(name)),
        folder_(std::move(folder)),
        place_(std::move(place)),
        created_(created),
        lock_(std::move(lock)) {}
  ~held_cache();
  held_cache(const held_cache&) = delete;
  held_cache& operator=(const held_cache&) = delete;

  const std::string& name() const { return name_; }
  /// Where the task has it.
  const std::string& place() const { return place_; }
  timestamp created() const { return created_; }

  /// Keeps it for the next task, unless it was purged meanwhile. The error says what keeps it from
  /// that; then it is gone.
  outcome<void> give_back();

 private:
  std::string name_;
  std::string folder_;
  std::string place_;
  timestamp created_;
  descriptor lock_;  // none: given back
};

/// The writable directory caches of a worker's pool (workers contract 3.1.2): kept as directories
/// below one root, moved into tasks and back. Several workers may share a root: two tasks never
/// have one copy, of whichever worker they are. From any thread.
class directory_caches {
 public:
  /// Makes the root, and removes what workers that were killed have left of copies in use.
  explicit directory_caches(std::string root);

  /// Moves a free copy of the cache to `place`, which must not be there; nothing when there is no
  /// free one. The newest goes first, so that surplus copies grow old.
  outcome<std::unique_ptr<held_cache>> take(const std::string& name, const std::string& place);

  /// Makes a new copy, an empty directory at `place`.
  outcome<std::unique_ptr<held_cache>> make(const std::string& name, const std::string& place);

  /// Drops the copies that were made before the time, those in use when they are given back.
  /// Answers how many.
  std::size_t purge(const std::string& name, timestamp before);

  /// Drops the copy that was not used for the longest time, if any is free; false when none is.
  bool drop_oldest();

 private:
  std::mutex guard_;
  const std::string root_;
};

}  // namespace troupe
