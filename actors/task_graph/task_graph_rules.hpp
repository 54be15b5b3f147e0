#pragma once

#include "actors/task_graph/task_graph_state.hpp"
#include "messages/api_error.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Puts the members into relation: which of their dependencies are members, too, and who depends on
/// whom. Refuses dependencies that go in a circle, which is named, and those that expire before the
/// deadline of who depends on them. A task that names itself is no circle: as with createTask it
/// waits until somebody schedules it.
outcome<std::vector<planned_member>> plan_graph(const std::vector<graph_member>& members);

/// What is to be done next.
enum class graph_turn : std::uint8_t {
  wait,    ///< nothing: members have not answered
  ask,     ///< ask the next slice of members
  record,  ///< write the intent, then `on_recorded`
  decide,  ///< write the decision, then `on_decided`
  close,   ///< write that all is done, and answer; the graph exists
  forget,  ///< remove the intent, then refuse
  refuse,  ///< answer why not
};

/// Begins with members that `plan_graph` made.
graph_turn begin_graph(task_graph_state& state, std::vector<planned_member> members);

/// Goes on with a graph that was recorded before a failure: what was decided is carried out, what
/// was not is removed.
graph_turn resume_graph(task_graph_state& state, const std::vector<task_id>& members, bool decided);

/// The members to be asked now for `present_step`, by their places; at most so many. None when all
/// were asked, or need not be: then `on_nobody_left` tells how it goes on.
std::vector<std::size_t> take_slice(task_graph_state& state, std::size_t most);

/// There was nobody to be asked: the phase is over.
graph_turn on_nobody_left(task_graph_state& state);

/// The step that members are asked for in this phase; only while they are asked for one.
graph_step present_step(const task_graph_state& state);

/// A member answered. Answers to other steps, and repeated ones, count for nothing.
graph_turn on_advanced(task_graph_state& state, const member_advanced& answer);

/// The intent is safe.
graph_turn on_recorded(task_graph_state& state);

/// The decision is safe: from now on the graph exists whatever happens.
graph_turn on_decided(task_graph_state& state);

/// Why the graph was not created; only after `graph_turn::refuse` or `forget`.
api_error refusal_of(const task_graph_state& state);

/// How long the key of a graph is kept: until the last deadline, as a repeat is refused after it.
timestamp key_expiry(const std::vector<graph_member>& members);

/// The ids of all members, as the intent holds them; and read from there.
std::string member_text(const task_graph_state& state);
std::vector<task_id> read_members(std::string_view text);

/// What the call is answered, the first time and whenever it is repeated.
std::string graph_answer(const task_graph_state& state, timestamp decided);

/// The 409 of a key that was used for other tasks.
api_error other_content(std::string_view key);

}  // namespace troupe
