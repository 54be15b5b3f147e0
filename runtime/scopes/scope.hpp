#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Scopes as texts (auth contract, section 6).
using scope_list = std::vector<std::string>;

/// Printable ASCII only; the empty text is valid.
bool is_valid_scope(std::string_view scope);

/// Whether holding `have` satisfies `required`: equal, or `have` ends in a star and `required`
/// begins with what stands before it.
constexpr bool satisfies(std::string_view have, std::string_view required) {
  if (have == required)
    return true;
  return !have.empty() && have.back() == '*' &&
         required.starts_with(have.substr(0, have.size() - 1));
}

/// Whether any of the scopes satisfies it.
bool satisfies(const scope_list& have, std::string_view required);

/// The order of scopes: by code unit without a final star; of two equal ones the star goes first.
bool scope_less(std::string_view a, std::string_view b);

/// The unique shortest list that satisfies the same: sorted, without what a star covers.
scope_list normalise(scope_list scopes);

/// The same of texts that live elsewhere; copies what is left.
scope_list normalise_views(std::vector<std::string_view> scopes);

/// Union of two lists in any order, normalised.
scope_list merge(const scope_list& a, const scope_list& b);

/// Union of two normalised lists, normalised; takes time in proportion to their lengths.
scope_list merge_normalised(const scope_list& a, const scope_list& b);

/// Merges two lists as they stand, without sorting them first.
scope_list merge_unsorted(const scope_list& a, const scope_list& b);

/// Every scope that both sides satisfy, normalised.
scope_list intersection(const scope_list& a, const scope_list& b);

/// A normalised set of scopes made for quick checks. Immutable and shared.
class scope_set {
 public:
  scope_set() = default;
  explicit scope_set(scope_list scopes);

  /// Takes a list that is known to be normalised.
  static scope_set of_normalised(scope_list scopes);

  /// Whether the set satisfies the scope.
  bool satisfies(std::string_view required) const;

  /// Whether it satisfies each of them.
  bool satisfies_all(const scope_list& required) const;

  /// In normalised order.
  const scope_list& list() const { return scopes_; }

 private:
  scope_list scopes_;
};

using scope_set_ptr = std::shared_ptr<const scope_set>;

}  // namespace troupe
