// The rules that roles keep together, checked when they are written.

#include "runtime/scopes/expansion.hpp"
#include "runtime/scopes/role_index.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace troupe {

namespace {

using detail::indexed_role;
using detail::role_hole;

api_error bad_roles(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

outcome<void> check_parameters(const indexed_role& entry) {
  if (!entry.starred)
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

using role_path = std::vector<const indexed_role*>;

// Searches the graph "a scope of this role could hit that role" for a cycle, depth first. Without
// recursion: chains of roles may be as long as there are roles.
class cycle_search {
 public:
  explicit cycle_search(const detail::role_index& roles) : roles_(roles) {}

  // The roles of a cycle that can be reached from there by these scopes of it, the first repeated
  // at the end; nothing when there is none.
  std::optional<role_path> run_from(const indexed_role& start, const scope_list& by) {
    if (states_.contains(&start))
      return std::nullopt;
    enter(start, by);
    while (!path_.empty()) {
      auto& at = path_.back();
      if (at.next == at.targets.size()) {
        states_[at.role] = state::closed;
        path_.pop_back();
        continue;
      }
      const auto* target = at.targets[at.next++];
      const auto known = states_.find(target);
      if (known == states_.end())
        enter(*target, target->scopes);
      else if (known->second == state::open)
        return cycle_to(target);
    }
    return std::nullopt;
  }

 private:
  enum class state : char { open, closed };
  struct step {
    const indexed_role* role;
    role_path targets;
    std::size_t next = 0;
  };

  void enter(const indexed_role& entry, const scope_list& by) {
    states_.emplace(&entry, state::open);
    path_.push_back({&entry, targets_of(entry, by), 0});
  }

  role_path targets_of(const indexed_role& entry, const scope_list& by) const {
    role_path targets;
    std::string reach;
    for (const auto& scope : by) {
      std::string_view far = scope;
      if (const auto at = scope.find(role_hole); entry.starred && at != std::string::npos) {
        reach = scope.substr(0, at) + "*";
        far = reach;
      }
      if (detail::may_assume(far))
        roles_.each_hit(
            far, [&](const indexed_role& hit, std::string_view) { targets.push_back(&hit); });
    }
    return targets;
  }

  role_path cycle_to(const indexed_role* target) const {
    role_path cycle;
    auto at = std::find_if(path_.begin(), path_.end(),
                           [&](const step& entry) { return entry.role == target; });
    for (; at != path_.end(); ++at)
      cycle.push_back(at->role);
    cycle.push_back(target);
    return cycle;
  }

  const detail::role_index& roles_;
  boost::unordered_flat_map<const indexed_role*, state> states_;
  std::vector<step> path_;
};

api_error leads_back(const role_path& cycle) {
  std::string text;
  for (const auto* entry : cycle)
    text += (text.empty() ? "'" : " -> '") + entry->name + "'";
  return bad_roles("Roles may not contain dependency cycles, found: " + text);
}

// The scopes of a role that were not there before.
scope_list added_scopes(const indexed_role& now, const indexed_role* before) {
  if (before == nullptr)
    return now.scopes;
  auto known = before->scopes;
  std::sort(known.begin(), known.end());
  scope_list added;
  for (const auto& scope : now.scopes)
    if (!std::binary_search(known.begin(), known.end(), scope))
      added.push_back(scope);
  return added;
}

}  // namespace

outcome<void> check_roles(const std::vector<role>& roles) { return role_expander{roles}.check(); }

outcome<void> role_expander::check() const {
  std::optional<api_error> wrong;
  cycle_search search{*index_};
  index_->each([&](const indexed_role& entry) {
    if (wrong)
      return;
    if (auto checked = check_parameters(entry); !checked)
      wrong = std::move(checked).error();
    else if (const auto cycle = search.run_from(entry, entry.scopes))
      wrong = leads_back(*cycle);
  });
  if (wrong)
    return *std::move(wrong);
  return boost::system::in_place_value;
}

// There was no cycle before, so a new one leads through this role by a scope that is new. If the
// role itself is, scopes of others may lead to it, which does no harm unless it leads to them.
outcome<role_expander> role_expander::with(role changed) const {
  const auto id = changed.role_id;
  const auto* before = index_->find(id);
  role_expander next{index_->with(std::move(changed))};
  const auto& entry = *next.index_->find(id);
  TROUPE_CHECK(check_parameters(entry));
  if (const auto cycle = cycle_search{next.index()}.run_from(entry, added_scopes(entry, before)))
    return leads_back(*cycle);
  return next;
}

}  // namespace troupe
