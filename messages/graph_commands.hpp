#pragma once

#include "messages/api_error.hpp"
#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"
#include "messages/task_definition.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

// How many tasks are created together, all or none. A graph is known by an id that is made of its
// key; its tasks carry the id until they may be seen.

/// Made of the key that a client gave the graph.
using task_graph_id = slug<struct task_graph_id_tag>;

/// A task that is to be.
struct graph_member {
  task_id task;
  task_definition_ptr definition;
};

/// Create all these tasks or none, or answer again what was answered before for the same key and
/// content. Scopes, dates and the form of the definitions were checked by the gateway.
struct create_graph {
  task_graph_id graph;
  std::string key;
  std::string content;  ///< a digest of what the client asked for
  std::shared_ptr<const std::vector<graph_member>> members;
  /// What speaks against it unless it is a repeat; null: nothing so far.
  std::shared_ptr<const api_error> refusal;
  reply_handle reply;
};

/// A member that depends on another one.
struct graph_dependent {
  task_id id;
  dependency_rule rule = dependency_rule::all_completed;
  timestamp expires;
};

/// What a member is to do next.
enum class graph_step : std::uint8_t {
  prepare,  ///< ask group and dependencies; nothing is written
  write,    ///< write the row, which nobody sees yet
  reveal,   ///< be a task like any other
  drop,     ///< be none: what was asked is withdrawn, and what was written removed
};

/// The first step of a member. Answered by `member_advanced`, like the others.
struct prepare_member {
  task_id task;
  task_graph_id graph;
  task_definition_ptr definition;
  std::vector<task_id> within;              ///< the dependencies that are members, too
  std::vector<graph_dependent> dependents;  ///< the members that depend on it, in order of id
};

/// A further step of a member.
struct advance_member {
  task_id task;
  task_graph_id graph;
  graph_step step = graph_step::write;
};

/// A member took the step, or says why it cannot. Over the lanes it comes when what the member
/// wrote is safe.
struct member_advanced {
  task_graph_id graph;
  task_id task;
  graph_step step = graph_step::prepare;
  std::shared_ptr<const api_error> problem;  ///< null: it did
};

/// To the directory: the graph failed, and somebody else has to go on with it.
struct graph_failed {
  task_graph_id graph;
  std::string why;
};

/// From a graph that has come to its end to its directory: let me go.
struct leave_graph {
  task_graph_id graph;
  std::uint32_t received = 0;  ///< messages it had; fewer than sent: one is on its way
};

/// To the directory of a lane: forget the keys that have had their time.
struct sweep_graphs {
  std::uint16_t lane = 0;
};

}  // namespace troupe
