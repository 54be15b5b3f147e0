#pragma once

#include "runtime/scopes/expansion.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::detail {

/// What the star of a role may be replaced by in the scopes the role gives.
inline constexpr std::string_view role_hole = "<..>";

/// Whether a text ends in a star.
inline bool has_star(std::string_view text) { return !text.empty() && text.back() == '*'; }

/// Whether a scope can have to do with roles at all.
inline bool may_assume(std::string_view scope) {
  constexpr std::string_view assume = "assume:";
  if (scope.starts_with(assume))
    return true;
  return has_star(scope) && assume.starts_with(scope.substr(0, scope.size() - 1));
}

/// Finds the roles a scope hits without looking at all of them.
class role_index {
 public:
  role_index() = default;
  explicit role_index(const std::vector<role>& roles);

  /// Calls `hit(role number, rest)` for each role that the scope hits; `rest` is what the star of
  /// the role stands for, and may end in a star itself.
  template <class Hit>
  void each_hit(std::string_view scope, Hit hit) const {
    const bool starred = has_star(scope);
    const auto bare = starred ? scope.substr(0, scope.size() - 1) : scope;
    for (auto i = first_not_before(exact_, bare); i < exact_.size(); ++i) {
      if (starred ? !exact_[i].text.starts_with(bare) : exact_[i].text != bare)
        break;
      hit(exact_[i].role, std::string_view{});
    }
    // Patterns that `bare` begins with are the nearest one not after it and, from there, those
    // that are a beginning of it in turn.
    const auto after = first_after(prefixes_, bare);
    for (auto i = after == 0 ? none : after - 1; i != none; i = prefixes_[i].shorter)
      if (bare.starts_with(prefixes_[i].text))
        hit(prefixes_[i].role, scope.substr(prefixes_[i].text.size()));
    if (!starred)
      return;
    for (auto i = after; i < prefixes_.size() && prefixes_[i].text.starts_with(bare); ++i)
      hit(prefixes_[i].role, std::string_view{"*"});
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  // `assume:` + role id, without its final star.
  struct pattern {
    std::string text;
    std::size_t role = 0;
    std::size_t shorter = none;  // the longest other pattern that this one begins with
  };
  using patterns = std::vector<pattern>;

  static std::size_t first_not_before(const patterns& in, std::string_view text);
  static std::size_t first_after(const patterns& in, std::string_view text);

  patterns exact_;     // sorted by text
  patterns prefixes_;  // sorted by text
};

}  // namespace troupe::detail
