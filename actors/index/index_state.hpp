#pragma once

#include "actors/index/path_table.hpp"
#include "messages/ids.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <optional>

namespace troupe {

/// What a row of the index has besides its path; the data are its text, empty for `{}`.
struct indexed_fields {
  timestamp expires;
  std::int64_t rank = 0;
  task_id task;
};

/// What a namespace has besides its path.
struct namespace_fields {
  timestamp expires;
};

/// All entries and namespaces.
struct index_state {
  path_table<indexed_fields> tasks;
  path_table<namespace_fields> namespaces;
  /// Nothing expires before; nothing when nothing does at all.
  std::optional<timestamp> next_expiry;
};

}  // namespace troupe
