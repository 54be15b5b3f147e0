#pragma once

#include "messages/graph_commands.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// How far a graph has got. Until `deciding` it can still come to nothing; from then on it exists.
enum class graph_phase : std::uint8_t {
  idle,        ///< nothing is known or asked
  preparing,   ///< members ask their groups and dependencies
  recording,   ///< the intent is being written
  writing,     ///< members write their rows, which nobody sees
  deciding,    ///< the decision is being written
  revealing,   ///< members become tasks like others
  closing,     ///< that all are there is being written
  dropping,    ///< what members asked for is withdrawn, and their rows are removed
  forgetting,  ///< the intent is being removed
};

/// A member and its place among the others.
struct planned_member {
  task_id task;
  task_definition_ptr definition;           ///< null after a failure: the rows have them
  std::vector<task_id> within;              ///< the dependencies that are members, too
  std::vector<graph_dependent> dependents;  ///< the members that depend on it, in order of id
  bool held = false;                        ///< it was prepared, so it has something to lose
  bool asked = false;                       ///< it has not answered the present step yet
};

/// Where in a list of members each stands.
using member_places = boost::unordered_flat_map<task_id, std::size_t, std::hash<task_id>>;

/// What speaks against a member, by its place.
struct member_problem {
  std::size_t place = 0;
  std::shared_ptr<const api_error> why;
};

/// A graph on its way.
struct task_graph_state {
  task_graph_id id;
  std::string key;
  std::string content;
  timestamp expires;  ///< how long the key is kept
  graph_phase phase = graph_phase::idle;
  bool recorded = false;  ///< there is, or may be, an intent
  std::vector<planned_member> members;
  member_places places;
  std::size_t next = 0;     ///< the first that was not asked for the present step
  std::size_t waiting = 0;  ///< members that were asked and have not answered
  std::vector<member_problem> problems;
};

}  // namespace troupe
