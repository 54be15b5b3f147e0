#include "actors/task/graph_mark.hpp"

namespace troupe {

namespace {

// First in the text, which holds nothing but names of ours, numbers and ids.
constexpr std::string_view head = "{\"graph\":\"";

}  // namespace

std::string with_graph_mark(std::string internal, const task_graph_id& graph) {
  internal.replace(0, 1, std::string{head} + graph.str() + "\",");
  return internal;
}

std::optional<task_graph_id> marked_graph(std::string_view internal) {
  if (!internal.starts_with(head))
    return std::nullopt;
  return task_graph_id::parse(internal.substr(head.size(), task_graph_id{}.view().size()));
}

}  // namespace troupe
