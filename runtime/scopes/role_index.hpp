#pragma once

#include "runtime/scopes/expansion.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::detail {

/// What the star of a role may be replaced by in the scopes the role gives.
inline constexpr std::string_view role_hole = "<..>";

/// What a scope begins with that names a role.
inline constexpr std::string_view assume_prefix = "assume:";

/// Whether a text ends in a star.
inline bool has_star(std::string_view text) { return !text.empty() && text.back() == '*'; }

/// Whether a scope can have to do with roles at all.
inline bool may_assume(std::string_view scope) {
  if (scope.starts_with(assume_prefix))
    return true;
  return has_star(scope) && assume_prefix.starts_with(scope.substr(0, scope.size() - 1));
}

/// A role as all tables share it that have it.
struct indexed_role {
  std::string name;  ///< `assume:` + role id
  scope_list scopes;
  bool starred = false;

  /// The name without its final star.
  std::string_view pattern() const {
    return std::string_view{name}.substr(0, name.size() - (starred ? 1 : 0));
  }
  std::string_view role_id() const { return std::string_view{name}.substr(assume_prefix.size()); }
};

/// Finds the roles a scope hits without looking at all of them. Immutable: a change makes another
/// table, which shares the roles themselves and costs a copy of a list of pointers.
class role_index {
 public:
  role_index() = default;
  explicit role_index(std::vector<role> roles);

  /// With this role, in the place of the one of its id if there is one.
  role_index with(role entry) const;
  role_index without(std::string_view role_id) const;

  /// Null when there is none.
  const indexed_role* find(std::string_view role_id) const;

  /// Calls `visit(role)` for each role.
  template <class Visit>
  void each(Visit visit) const {
    for (const auto* roles : {&exact(), &prefixes()})
      for (const auto& one : *roles)
        visit(*one.role);
  }

  /// Calls `hit(role, rest)` for each role that the scope hits; `rest` is what the star of the role
  /// stands for, and may end in a star itself.
  template <class Hit>
  void each_hit(std::string_view scope, Hit hit) const {
    const bool starred = has_star(scope);
    const auto bare = starred ? scope.substr(0, scope.size() - 1) : scope;
    const auto& whole = exact();
    for (auto i = first_not_before(whole, bare); i < whole.size(); ++i) {
      const auto& entry = *whole[i].role;
      if (starred ? !entry.name.starts_with(bare) : entry.name != bare)
        break;
      hit(entry, std::string_view{});
    }
    // A pattern that `text` begins with is the nearest one not after it, or a beginning of what
    // both have in common.
    const auto& patterns = prefixes();
    const auto after = first_after(patterns, bare);
    auto text = bare;
    for (auto i = after; i > 0; i = first_after(patterns, text)) {
      const auto nearest = patterns[i - 1].role->pattern();
      const auto common = common_beginning(nearest, text);
      if (common < nearest.size()) {
        text = text.substr(0, common);
        continue;
      }
      for (; i > 0 && patterns[i - 1].role->pattern() == nearest; --i)
        hit(*patterns[i - 1].role, scope.substr(nearest.size()));
      if (nearest.empty())
        break;
      text = nearest.substr(0, nearest.size() - 1);
    }
    if (!starred)
      return;
    for (auto i = after; i < patterns.size() && patterns[i].role->pattern().starts_with(bare); ++i)
      hit(*patterns[i].role, std::string_view{"*"});
  }

 private:
  /// A role and where it stands in the order: looking for one rarely has to look at others.
  struct role_place {
    explicit role_place(std::shared_ptr<const indexed_role> of);

    std::uint64_t key;  // of its pattern
    std::shared_ptr<const indexed_role> role;
  };
  /// A text and its place in that order.
  struct probe;
  using role_list = std::vector<role_place>;  // sorted by pattern
  using role_list_ptr = std::shared_ptr<const role_list>;

  static const role_list& list_of(const role_list_ptr& list);
  const role_list& exact() const { return list_of(exact_); }
  const role_list& prefixes() const { return list_of(prefixes_); }
  static std::size_t first_not_before(const role_list& in, std::string_view pattern);
  static std::size_t first_after(const role_list& in, std::string_view pattern);
  static std::size_t common_beginning(std::string_view a, std::string_view b);

  role_list_ptr exact_;
  role_list_ptr prefixes_;
};

}  // namespace troupe::detail
