#include "runtime/scopes/expansion.hpp"

#include "runtime/scopes/role_index.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

namespace troupe {

namespace {

using detail::role_hole;

// What a star role gives when its star stands for `rest`.
std::string granted(const std::string& scope, std::string_view rest) {
  const auto at = scope.find(role_hole);
  if (at == std::string::npos)
    return scope;
  std::string out = scope.substr(0, at);
  out += rest;
  if (!detail::has_star(rest))
    out += std::string_view{scope}.substr(at + role_hole.size());
  return out;
}

struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

using scope_list_ptr = std::shared_ptr<const scope_list>;

}  // namespace

class role_expander::tables {
 public:
  explicit tables(std::vector<role> roles) : roles_(std::move(roles)), index_(roles_) {}

  // Everything one scope comes to, normalised.
  scope_list_ptr closure(const std::string& scope) const {
    {
      const std::lock_guard lock{mutex_};
      if (const auto known = known_.find(scope); known != known_.end())
        return known->second;
    }
    auto made = std::make_shared<const scope_list>(derive(scope));
    remember(scope, made);
    return made;
  }

 private:
  // More than any sensible set of roles comes to; a set with cycles could grow for ever.
  static constexpr std::size_t most_bytes = std::size_t{64} << 20;
  static constexpr std::size_t most_remembered = std::size_t{1} << 18;

  scope_list derive(const std::string& from) const {
    scope_list have{from};
    std::vector<std::string> work{from};
    std::unordered_set<std::string> seen{from};
    std::size_t bytes = 0;
    while (!work.empty() && bytes < most_bytes) {
      const auto scope = std::move(work.back());
      work.pop_back();
      index_.each_hit(scope, [&](std::size_t number, std::string_view rest) {
        const auto& hit = roles_[number];
        const bool starred = detail::has_star(hit.role_id);
        for (const auto& grant : hit.scopes) {
          auto gained = starred ? granted(grant, rest) : grant;
          if (!seen.insert(gained).second)
            continue;
          bytes += gained.size() + sizeof gained;
          if (detail::may_assume(gained))
            work.push_back(gained);
          have.push_back(std::move(gained));
        }
      });
    }
    return normalise(std::move(have));
  }

  void remember(const std::string& scope, const scope_list_ptr& made) const {
    const std::lock_guard lock{mutex_};
    remembered_ += made->size();
    if (remembered_ > most_remembered) {
      known_.clear();
      remembered_ = made->size();
    }
    known_.insert_or_assign(scope, made);
  }

  std::vector<role> roles_;
  detail::role_index index_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, scope_list_ptr, text_hash, std::equal_to<>> known_;
  mutable std::size_t remembered_ = 0;
};

role_expander::role_expander(std::vector<role> roles)
    : tables_(std::make_shared<const tables>(std::move(roles))) {}

scope_list role_expander::expand(const scope_list& scopes) const {
  auto have = normalise(scopes);
  if (tables_ == nullptr)
    return have;
  // Each scope contributes on its own, so what each comes to can be remembered and added up.
  for (const auto& scope : scopes)
    if (detail::may_assume(scope))
      if (const auto more = tables_->closure(scope); more->size() > 1)
        have = merge_normalised(have, *more);
  return have;
}

}  // namespace troupe
