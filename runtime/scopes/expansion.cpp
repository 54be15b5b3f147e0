#include "runtime/scopes/expansion.hpp"

#include "runtime/scopes/role_index.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <deque>
#include <functional>

namespace troupe {

namespace {

using detail::role_hole;

// More than any sensible set of roles comes to; a set with cycles could grow for ever.
constexpr std::size_t most_bytes = std::size_t{64} << 20;

// What a star role gives when its star stands for `rest`.
std::string granted(std::string_view scope, std::size_t hole, std::string_view rest) {
  std::string out{scope.substr(0, hole)};
  out += rest;
  if (!detail::has_star(rest))
    out += scope.substr(hole + role_hole.size());
  return out;
}

// Adds what roles give, and what roles give for that, until nothing is new. Nearly all of it are
// texts that stand in the roles, so only what replaces a hole is made.
class fixpoint {
 public:
  explicit fixpoint(const detail::role_index& roles) : roles_(roles) {}

  void add(std::string_view scope) {
    if (!seen_.insert(scope).second)
      return;
    bytes_ += scope.size() + sizeof(std::string);
    have_.push_back(scope);
    if (detail::may_assume(scope))
      work_.push_back(scope);
  }

  std::vector<std::string_view> run() && {
    while (!work_.empty() && bytes_ < most_bytes) {
      const auto scope = work_.back();
      work_.pop_back();
      roles_.each_hit(scope, [this](const detail::indexed_role& hit, std::string_view rest) {
        const bool first = visited_.insert(&hit).second;
        for (const auto& grant : hit.scopes)
          add_grant(grant, hit.starred, rest, first);
      });
    }
    return std::move(have_);
  }

  // Texts that stand in no role; what `run` answers names some of them.
  const std::deque<std::string>& made() const { return made_; }

 private:
  // What leads to no other role is not looked up, which would take a look at all of its characters:
  // several roles may give it, and sorting will show that.
  void add_grant(const std::string& grant, bool starred, std::string_view rest, bool first) {
    const auto hole = starred ? grant.find(role_hole) : std::string::npos;
    if (hole == std::string::npos) {
      if (first && detail::may_assume(grant))
        add(grant);
      else if (first)
        have_.emplace_back(grant);
      return;
    }
    auto text = granted(grant, hole, rest);
    if (!seen_.contains(std::string_view{text}))
      add(made_.emplace_back(std::move(text)));
  }

  const detail::role_index& roles_;
  boost::unordered_flat_set<std::string_view, std::hash<std::string_view>> seen_;
  boost::unordered_flat_set<const detail::indexed_role*> visited_;
  std::vector<std::string_view> have_;
  std::vector<std::string_view> work_;
  std::deque<std::string> made_;
  std::size_t bytes_ = 0;
};

}  // namespace

role_expander::role_expander() : role_expander(detail::role_index{}) {}

role_expander::role_expander(std::vector<role> roles)
    : role_expander(detail::role_index{std::move(roles)}) {}

role_expander::role_expander(detail::role_index index)
    : index_(std::make_shared<const detail::role_index>(std::move(index))) {}

role_expander role_expander::without(std::string_view role_id) const {
  return role_expander{index_->without(role_id)};
}

scope_list role_expander::expand(const scope_list& scopes) const {
  if (std::none_of(scopes.begin(), scopes.end(), detail::may_assume))
    return normalise(scopes);
  fixpoint all{*index_};
  for (const auto& scope : scopes) {
    if (scope == "*")
      return {scope};  // covers whatever else there is
    all.add(scope);
  }
  return normalise_views(std::move(all).run());
}

}  // namespace troupe
