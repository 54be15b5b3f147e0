#pragma once

#include "messages/api_error.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace troupe {

/// What speaks against one task of a graph.
struct graph_problem {
  std::string task;  ///< as the client wrote it
  api_error why;
};

/// So many problems are told; who finds them may stop there.
inline constexpr std::size_t most_graph_problems = 50;

/// The answer to a graph of so many tasks that cannot be created: names each task that was found to
/// be wrong, in the order of the body, and why. Its code is that of the first. `all` says that
/// every task was looked at. There must be a problem.
api_error graph_refusal(const std::vector<graph_problem>& problems, std::size_t tasks, bool all);

}  // namespace troupe
