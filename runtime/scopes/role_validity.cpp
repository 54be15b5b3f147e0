// The rules that roles keep together, checked when they are written.

#include "runtime/scopes/expansion.hpp"
#include "runtime/scopes/role_index.hpp"

#include <algorithm>
#include <optional>

namespace troupe {

namespace {

using detail::has_star;
using detail::role_hole;

api_error bad_roles(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

outcome<void> check_parameters(const role& entry) {
  if (!has_star(entry.role_id))
    return boost::system::in_place_value;
  for (const auto& scope : entry.scopes) {
    const auto first = scope.find(role_hole);
    if (first == std::string::npos)
      continue;
    if (scope.find(role_hole, first + 1) != std::string::npos)
      return bad_roles("parameterized scope '" + scope + "' contains multiple '<..>'");
    if (scope.ends_with("*<..>"))
      return bad_roles("parameterized scope '" + scope +
                       "' ends with '*<..>' which implies an ambiguous kleene");
  }
  return boost::system::in_place_value;
}

// Searches the graph "a scope of this role could hit that role" for a cycle, depth first. Without
// recursion: chains of roles may be as long as there are roles.
class cycle_search {
 public:
  explicit cycle_search(const std::vector<role>& roles)
      : roles_(roles), index_(roles), states_(roles.size(), state::fresh) {}

  // The roles of a cycle, the first repeated at the end; nothing when there is none.
  std::optional<std::vector<std::size_t>> run() {
    for (std::size_t i = 0; i < roles_.size(); ++i)
      if (states_[i] == state::fresh)
        if (auto cycle = run_from(i))
          return cycle;
    return std::nullopt;
  }

 private:
  enum class state : char { fresh, open, closed };
  struct step {
    std::size_t role;
    std::vector<std::size_t> targets;
    std::size_t next = 0;
  };

  std::optional<std::vector<std::size_t>> run_from(std::size_t start) {
    enter(start);
    while (!path_.empty()) {
      auto& at = path_.back();
      if (at.next == at.targets.size()) {
        states_[at.role] = state::closed;
        path_.pop_back();
        continue;
      }
      const auto target = at.targets[at.next++];
      if (states_[target] == state::fresh)
        enter(target);
      else if (states_[target] == state::open)
        return cycle_to(target);
    }
    return std::nullopt;
  }

  void enter(std::size_t number) {
    states_[number] = state::open;
    path_.push_back({number, targets_of(number), 0});
  }

  std::vector<std::size_t> targets_of(std::size_t number) const {
    std::vector<std::size_t> targets;
    const bool starred = has_star(roles_[number].role_id);
    for (const auto& scope : roles_[number].scopes) {
      auto reach = scope;
      if (const auto at = scope.find(role_hole); starred && at != std::string::npos)
        reach = scope.substr(0, at) + "*";
      if (detail::may_assume(reach))
        index_.each_hit(reach, [&](std::size_t hit, std::string_view) { targets.push_back(hit); });
    }
    std::sort(targets.begin(), targets.end());
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
    return targets;
  }

  std::vector<std::size_t> cycle_to(std::size_t target) const {
    std::vector<std::size_t> cycle;
    const auto first = std::find_if(path_.begin(), path_.end(),
                                    [&](const step& entry) { return entry.role == target; });
    for (auto at = first; at != path_.end(); ++at)
      cycle.push_back(at->role);
    cycle.push_back(target);
    return cycle;
  }

  const std::vector<role>& roles_;
  detail::role_index index_;
  std::vector<state> states_;
  std::vector<step> path_;
};

}  // namespace

outcome<void> check_roles(const std::vector<role>& roles) {
  for (const auto& entry : roles)
    TROUPE_CHECK(check_parameters(entry));
  const auto cycle = cycle_search{roles}.run();
  if (!cycle)
    return boost::system::in_place_value;
  std::string text;
  for (const auto number : *cycle) {
    if (!text.empty())
      text += " -> ";
    text += "'assume:" + roles[number].role_id + "'";
  }
  return bad_roles("Roles may not contain dependency cycles, found: " + text);
}

}  // namespace troupe
