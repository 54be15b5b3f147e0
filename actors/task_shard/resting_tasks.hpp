#pragma once

#include "actors/task_queue/chunked_set.hpp"
#include "messages/ids.hpp"
#include "messages/timestamp.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace troupe {

/// The unresolved tasks of a shard that are only in Redis, and when something is to be done for
/// each. Some 90 bytes a task, where one in memory has several thousand.
class resting_tasks {
 public:
  /// One more; `due` is when it has to come back by itself, `alone` that no other task is known to
  /// wait for it. Nothing when it rests already.
  void add(const task_id& id, timestamp due, bool alone = false);

  /// It comes back. False when it did not rest.
  bool remove(const task_id& id);

  bool contains(const task_id& id) const { return rests_.contains(id); }

  /// It rests, and no other task waits for it.
  bool is_alone(const task_id& id) const;
  std::size_t size() const { return rests_.size(); }

  /// The earliest time at which `take_due` has something to give.
  std::optional<timestamp> first_due() const;

  /// At most `limit` of those that are due, the earliest first. They rest until they are removed,
  /// but are not given again.
  std::vector<task_id> take_due(timestamp now, std::size_t limit);

  /// All of them.
  std::vector<task_id> ids() const;

  void clear();

 private:
  struct rest {
    timestamp due;
    bool alone;
  };

  boost::unordered_flat_map<task_id, rest, std::hash<task_id>> rests_;
  chunked_set<std::pair<timestamp, task_id>> by_due_;
};

}  // namespace troupe
