#pragma once

#include "messages/graph_commands.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// A member of a graph, in the store, that nobody may see yet.
struct graph_mark {
  task_graph_id graph;
  bool decided = false;  ///< the graph exists: the task is to be revealed
};

/// What else a task remembers, with the graph it waits for.
std::string with_graph_mark(std::string internal, const task_graph_id& graph);

/// The graph that a stored task waits for; nothing for one that may be seen.
std::optional<task_graph_id> marked_graph(std::string_view internal);

}  // namespace troupe
