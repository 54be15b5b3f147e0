#pragma once

#include "messages/ids.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Low to high; the number is the rank that orders a queue (queue contract 2).
enum class task_priority : std::uint8_t {
  lowest = 1,
  very_low = 2,
  low = 3,
  medium = 4,
  high = 5,
  very_high = 6,
  highest = 7,
};

/// The wire's name of a priority, e.g. `very-high`.
std::string_view to_string(task_priority priority);

/// The priority of that name; nothing for an unknown one.
std::optional<task_priority> parse_priority(std::string_view text);

/// When a dependent is freed: by `completed` only, or by any resolution.
enum class dependency_rule : std::uint8_t { all_completed, all_resolved };

std::string_view to_string(dependency_rule rule);

/// A task as it was defined, with defaults filled in and dates canonical (queue contract 3.1).
/// Immutable and shared; `json` is what the method `task` answers.
struct task_definition {
  std::string json;  ///< the whole definition, compact
  task_queue_id queue;
  std::string scheduler_id;
  std::string project_id;
  task_group_id group;
  std::vector<task_id> dependencies;
  dependency_rule requires_rule = dependency_rule::all_completed;
  task_priority priority = task_priority::lowest;
  std::uint8_t retries = 5;
  timestamp created;
  timestamp deadline;
  timestamp expires;
  std::vector<std::string> scopes;
  std::vector<std::string> routes;
  std::string tags_json;  ///< the object `tags` as text, `{}` when empty
};

using task_definition_ptr = std::shared_ptr<const task_definition>;

/// Reads a definition that is already complete (defaults in, queue id normalised, dates
/// canonical), as it is stored. Nothing when a member that must be there is not.
std::optional<task_definition> read_definition(std::string_view json);

/// True when two complete definitions mean the same task: object members in any order, arrays in
/// order (queue contract 6.2 step 7).
bool same_definition(std::string_view a_json, std::string_view b_json);

}  // namespace troupe
