#include "actors/task_graph/task_graph_rules.hpp"

#include "messages/graph_problems.hpp"
#include "messages/json_text.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace troupe {

namespace {

// In a message; all of it is in the details.
constexpr std::size_t most_told_of_cycle = 100;

member_places places_of(const std::vector<planned_member>& members) {
  member_places places;
  places.reserve(members.size());
  for (std::size_t i = 0; i < members.size(); ++i)
    places.emplace(members[i].task, i);
  return places;
}

api_error cycle_refusal(const std::vector<task_id>& cycle) {
  api_error error;
  error.code = error_code::input_error;
  error.message =
      "No task of the graph was created: these tasks depend on each other in a circle, so none of "
      "them could ever run. Each depends on the next, and the last on the first; take one of these "
      "dependencies out:";
  boost::json::array list;
  for (const auto& id : cycle) {
    if (list.size() < most_told_of_cycle)
      error.message += "\n * " + id.str();
    list.emplace_back(id.view());
  }
  if (cycle.size() > most_told_of_cycle)
    error.message += "\n and " + std::to_string(cycle.size() - most_told_of_cycle) + " more";
  error.details["cycle"] = std::move(list);
  return error;
}

api_error expires_too_early(const task_id& required, timestamp expires, timestamp deadline) {
  return make_api_error(error_code::input_error,
                        "its dependency " + required.str() + " expires (" + to_iso(expires) +
                            ") before its own deadline (" + to_iso(deadline) +
                            "). Let that task expire later.");
}

// Depth first, without recursion: a chain may be as long as the graph.
class cycle_search {
 public:
  cycle_search(const std::vector<planned_member>& members, const member_places& places)
      : members_(members), places_(places), marks_(members.size(), mark::fresh) {}

  std::vector<task_id> run() {
    for (std::size_t root = 0; root < members_.size(); ++root)
      if (marks_[root] == mark::fresh && descend(root))
        return cycle();
    return {};
  }

 private:
  enum class mark : std::uint8_t { fresh, on_path, done };
  struct step {
    std::size_t at = 0;
    std::size_t next = 0;  // of its dependencies
  };

  // True when the path has come back to itself, at `closing_`.
  bool descend(std::size_t root) {
    enter(root);
    while (!path_.empty()) {
      auto& [at, next] = path_.back();
      const auto& within = members_[at].within;
      if (next == within.size()) {
        marks_[at] = mark::done;
        path_.pop_back();
        continue;
      }
      const auto to = places_.at(within[next++]);
      if (to == at || marks_[to] == mark::done)
        continue;
      if (marks_[to] == mark::on_path) {
        closing_ = to;
        return true;
      }
      enter(to);
    }
    return false;
  }

  void enter(std::size_t place) {
    marks_[place] = mark::on_path;
    path_.push_back({place, 0});
  }

  std::vector<task_id> cycle() const {
    auto from = std::find_if(path_.begin(), path_.end(),
                             [this](const step& s) { return s.at == closing_; });
    std::vector<task_id> ids;
    for (; from != path_.end(); ++from)
      ids.push_back(members_[from->at].task);
    return ids;
  }

  const std::vector<planned_member>& members_;
  const member_places& places_;
  std::vector<mark> marks_;
  std::vector<step> path_;
  std::size_t closing_ = 0;
};

graph_turn enter(task_graph_state& state, graph_phase phase) {
  state.phase = phase;
  state.next = 0;
  state.waiting = 0;
  for (auto& member : state.members)
    member.asked = false;
  return graph_turn::ask;
}

bool is_asking(graph_phase phase) {
  return phase == graph_phase::preparing || phase == graph_phase::writing ||
         phase == graph_phase::revealing || phase == graph_phase::dropping;
}

// Whether the phase has nothing to ask of this member.
bool is_passed_over(const task_graph_state& state, const planned_member& member) {
  return state.phase == graph_phase::dropping && !member.held;
}

// Who finds enough to tell need not look further.
bool has_seen_enough(const task_graph_state& state) {
  return (state.phase == graph_phase::preparing && state.problems.size() >= most_graph_problems) ||
         (state.phase == graph_phase::writing && !state.problems.empty());
}

graph_turn finish_phase(task_graph_state& state) {
  switch (state.phase) {
    case graph_phase::preparing:
      if (!state.problems.empty())
        return enter(state, graph_phase::dropping);
      state.phase = graph_phase::recording;
      state.recorded = true;
      return graph_turn::record;
    case graph_phase::writing:
      if (!state.problems.empty())
        return enter(state, graph_phase::dropping);
      state.phase = graph_phase::deciding;
      return graph_turn::decide;
    case graph_phase::revealing:
      state.phase = graph_phase::closing;
      return graph_turn::close;
    case graph_phase::dropping:
      state.phase = graph_phase::forgetting;
      return state.recorded ? graph_turn::forget : graph_turn::refuse;
    default:
      return graph_turn::wait;
  }
}

}  // namespace

outcome<std::vector<planned_member>> plan_graph(const std::vector<graph_member>& members) {
  std::vector<planned_member> planned;
  planned.reserve(members.size());
  for (const auto& [task, definition] : members)
    planned.push_back({task, definition, {}, {}});
  const auto places = places_of(planned);
  std::vector<graph_problem> problems;
  for (auto& member : planned)
    for (const auto& required : member.definition->dependencies) {
      const auto at = places.find(required);
      if (at == places.end())
        continue;
      member.within.push_back(required);
      if (required == member.task)
        continue;
      const auto& definition = *member.definition;
      auto& other = planned[at->second];
      other.dependents.push_back({member.task, definition.requires_rule, definition.expires});
      if (other.definition->expires < definition.deadline && problems.size() < most_graph_problems)
        problems.push_back(
            {member.task.str(),
             expires_too_early(required, other.definition->expires, definition.deadline)});
    }
  if (const auto cycle = cycle_search{planned, places}.run(); !cycle.empty())
    return cycle_refusal(cycle);
  if (!problems.empty())
    return graph_refusal(problems, members.size(), problems.size() < most_graph_problems);
  for (auto& member : planned)
    std::sort(member.dependents.begin(), member.dependents.end(),
              [](const graph_dependent& a, const graph_dependent& b) { return a.id < b.id; });
  return planned;
}

graph_turn begin_graph(task_graph_state& state, std::vector<planned_member> members) {
  state.members = std::move(members);
  state.places = places_of(state.members);
  state.problems.clear();
  state.recorded = false;
  return enter(state, graph_phase::preparing);
}

graph_turn resume_graph(task_graph_state& state, const std::vector<task_id>& members,
                        bool decided) {
  state.members.clear();
  for (const auto& id : members) {
    state.members.push_back({id, nullptr, {}, {}});
    state.members.back().held = true;
  }
  state.places = places_of(state.members);
  state.problems.clear();
  state.recorded = true;
  return enter(state, decided ? graph_phase::revealing : graph_phase::dropping);
}

graph_step present_step(const task_graph_state& state) {
  switch (state.phase) {
    case graph_phase::preparing:
      return graph_step::prepare;
    case graph_phase::writing:
      return graph_step::write;
    case graph_phase::revealing:
      return graph_step::reveal;
    default:
      return graph_step::drop;
  }
}

std::vector<std::size_t> take_slice(task_graph_state& state, std::size_t most) {
  std::vector<std::size_t> slice;
  if (!is_asking(state.phase) || has_seen_enough(state))
    return slice;
  for (; state.next < state.members.size() && slice.size() < most; ++state.next) {
    auto& member = state.members[state.next];
    if (is_passed_over(state, member))
      continue;
    member.asked = true;
    slice.push_back(state.next);
  }
  state.waiting += slice.size();
  return slice;
}

graph_turn on_advanced(task_graph_state& state, const member_advanced& answer) {
  if (!is_asking(state.phase) || answer.step != present_step(state))
    return graph_turn::wait;
  const auto at = state.places.find(answer.task);
  if (at == state.places.end() || !state.members[at->second].asked)
    return graph_turn::wait;
  auto& member = state.members[at->second];
  member.asked = false;
  --state.waiting;
  if (state.phase == graph_phase::preparing)
    member.held = answer.problem == nullptr;
  else if (state.phase == graph_phase::dropping)
    member.held = false;
  if (answer.problem)
    state.problems.push_back({at->second, answer.problem});
  if (state.waiting > 0)
    return graph_turn::wait;
  // The rest may have nothing to be asked for.
  while (state.next < state.members.size() && is_passed_over(state, state.members[state.next]))
    ++state.next;
  const bool all = state.next == state.members.size() || has_seen_enough(state);
  return all ? finish_phase(state) : graph_turn::ask;
}

graph_turn on_nobody_left(task_graph_state& state) {
  return state.waiting == 0 ? finish_phase(state) : graph_turn::wait;
}

graph_turn on_recorded(task_graph_state& state) { return enter(state, graph_phase::writing); }

graph_turn on_decided(task_graph_state& state) { return enter(state, graph_phase::revealing); }

api_error refusal_of(const task_graph_state& state) {
  auto found = state.problems;
  std::sort(found.begin(), found.end(),
            [](const member_problem& a, const member_problem& b) { return a.place < b.place; });
  std::vector<graph_problem> problems;
  for (const auto& problem : found)
    problems.push_back({state.members[problem.place].task.str(), *problem.why});
  if (problems.empty())
    return make_api_error(
        error_code::service_unavailable,
        "The graph '" + state.key + "' was not created, as the server failed; repeat the call.");
  return graph_refusal(problems, state.members.size(), problems.size() < most_graph_problems);
}

timestamp key_expiry(const std::vector<graph_member>& members) {
  timestamp last;
  for (const auto& member : members)
    last = std::max(last, member.definition->deadline);
  return last;
}

std::string member_text(const task_graph_state& state) {
  std::string text;
  text.reserve(state.members.size() * task_id{}.view().size());
  for (const auto& member : state.members)
    text += member.task.view();
  return text;
}

std::vector<task_id> read_members(std::string_view text) {
  const auto size = task_id{}.view().size();
  std::vector<task_id> ids;
  for (; text.size() >= size; text.remove_prefix(size))
    if (const auto id = task_id::parse(text.substr(0, size)))
      ids.push_back(*id);
  return ids;
}

std::string graph_answer(const task_graph_state& state, timestamp decided) {
  std::string text = "{\"graphId\":\"" + state.id.str() + "\",\"key\":";
  append_json_string(text, state.key);
  text += ",\"created\":" + std::to_string(state.members.size());
  text += ",\"decided\":\"" + to_iso(decided);
  text += "\",\"expires\":\"" + to_iso(state.expires) + "\"}";
  return text;
}

api_error other_content(std::string_view key) {
  return make_api_error(error_code::request_conflict,
                        "The key '" + std::string{key} +
                            "' was used for a graph of other tasks. A key stands for one graph: "
                            "repeat that, or use another key.");
}

}  // namespace troupe
