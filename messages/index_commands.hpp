#pragma once

#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

/// A place in the event log of a stream.
struct log_place {
  std::uint16_t stream = 0;
  std::int64_t ms = 0;
  std::uint64_t n = 0;

  friend bool operator==(const log_place&, const log_place&) = default;
};

/// Read what Redis holds; the first message.
struct open_index {};

/// The tasks can be asked: go through what the event log has behind the last place that was dealt
/// with.
struct catch_up_index {};

/// An entry of the index, without its path.
struct index_entry {
  task_id task;
  std::int64_t rank = 0;
  timestamp expires;
  std::string data = "{}";  ///< a JSON object

  friend bool operator==(const index_entry&, const index_entry&) = default;
};

/// Put an entry at a path, unless one of higher rank is there; answers what is there now.
struct insert_indexed {
  std::string path;
  index_entry entry;
  reply_handle reply;
};

/// Take the entry at a path out, if there is one.
struct delete_indexed {
  std::string path;
  reply_handle reply;
};

/// Answer the entry at a path.
struct find_indexed {
  std::string path;
  reply_handle reply;
};

/// Answer a page of the entries at these paths, in their order, beginning with the one at `from`.
struct find_all_indexed {
  std::vector<std::string> paths;
  std::uint32_t from = 0;
  std::uint32_t limit = 1000;
  std::string list;  ///< tells this list of paths from others in what is called the end of a page
  reply_handle reply;
};

/// Answer a page of the tasks or namespaces right below a namespace, by name.
struct list_indexed {
  std::string space;  ///< empty: the root
  bool namespaces = false;
  std::uint32_t limit = 1000;
  std::string after;  ///< the last name of the page before; empty: from the first
  reply_handle reply;
};

/// An event of the log: a task was completed that has routes into the index.
struct index_completed {
  log_place at;
  task_id task;
  std::vector<std::string> paths;
};

/// So far the logs of some streams were told, whatever was in them.
struct index_told {
  std::vector<log_place> newest;
};

/// What the task of an `index_completed` answered: its definition, or why there is none.
struct index_definition {
  log_place at;
  std::string definition;
  std::string error;  ///< not empty: there is none
  bool lost = false;  ///< and there never will be one
};

/// Entries and namespaces may have expired.
struct index_timer_fired {};

}  // namespace troupe
