#pragma once

#include "actors/task_graph/task_graph_rules.hpp"

#include <string>
#include <vector>

namespace troupe {

/// An id for each number, in their order.
inline task_id id_number(std::size_t number) {
  auto digits = std::to_string(number);
  digits.insert(0, 10 - digits.size(), '0');
  return *task_id::parse("AAAAAAAAQAC" + digits + "A");
}

/// Tasks 0, 1, ...: each depends on those whose numbers are given.
inline std::vector<graph_member> some_members(
    const std::vector<std::vector<std::size_t>>& dependencies) {
  std::vector<graph_member> members;
  for (std::size_t i = 0; i < dependencies.size(); ++i) {
    auto definition = std::make_shared<task_definition>();
    definition->deadline = timestamp{1'764'000'000'000 + static_cast<std::int64_t>(i)};
    definition->expires = timestamp{1'864'000'000'000};
    for (const auto on : dependencies[i])
      definition->dependencies.push_back(id_number(on));
    members.push_back({id_number(i), std::move(definition)});
  }
  return members;
}

}  // namespace troupe
