#include "runtime/scopes/scope.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace troupe {

namespace {

bool has_star(std::string_view scope) { return !scope.empty() && scope.back() == '*'; }

std::string_view without_star(std::string_view scope) {
  return has_star(scope) ? scope.substr(0, scope.size() - 1) : scope;
}

// Adds to a list that is being made in order: nothing when the last star covers it.
template <class Text>
void add_in_order(scope_list& out, Text&& scope) {
  if (out.empty() || !satisfies(out.back(), scope))
    out.emplace_back(std::forward<Text>(scope));
}

// -1, 0, 1 in the order of scopes; one comparison of the texts decides nearly always.
int compare(std::string_view a, std::string_view b) {
  const auto order = without_star(a).compare(without_star(b));
  if (order != 0)
    return order;
  return static_cast<int>(has_star(b)) - static_cast<int>(has_star(a));
}

// -- sorting many ---------------------------------------------------------------------------------

// Below this comparing texts is as quick.
constexpr std::size_t few = 48;

// A scope with eight of its characters as a number that is ordered as they are.
struct keyed_scope {
  std::uint64_t key;
  std::string_view scope;
};

std::uint64_t key_of(std::string_view scope, std::size_t depth) {
  const auto text = without_star(scope);
  unsigned char bytes[8] = {};
  if (depth < text.size())
    std::memcpy(bytes, text.data() + depth, std::min<std::size_t>(8, text.size() - depth));
  std::uint64_t key = 0;
  for (const auto byte : bytes)
    key = key << 8 | byte;
  return key;
}

// Sorts scopes that have their first `depth` characters in common. The texts lie all over the
// memory, and nearly all begin like others: each is looked at once for eight characters, instead of
// at every comparison from its beginning.
void sort_keyed(keyed_scope* first, keyed_scope* last, std::size_t depth) {
  const auto plainly = [](keyed_scope* from, keyed_scope* to) {
    std::sort(from, to, [](const keyed_scope& a, const keyed_scope& b) {
      return compare(a.scope, b.scope) < 0;
    });
  };
  if (static_cast<std::size_t>(last - first) < few)
    return plainly(first, last);
  for (auto* one = first; one != last; ++one)
    one->key = key_of(one->scope, depth);
  std::sort(first, last, [](const keyed_scope& a, const keyed_scope& b) { return a.key < b.key; });
  while (first != last) {
    auto* const end = std::find_if(
        first, last, [key = first->key](const keyed_scope& one) { return one.key != key; });
    if ((first->key & 0xff) == 0)  // here the texts end: what is left is which has the star
      plainly(first, end);
    else if (end - first > 1)
      sort_keyed(first, end, depth + 8);
    first = end;
  }
}

void sort_views(std::vector<std::string_view>& scopes) {
  if (scopes.size() < few)
    return std::sort(scopes.begin(), scopes.end(), scope_less);
  std::vector<keyed_scope> keyed;
  keyed.reserve(scopes.size());
  for (const auto scope : scopes)
    keyed.push_back({0, scope});
  sort_keyed(keyed.data(), keyed.data() + keyed.size(), 0);
  for (std::size_t i = 0; i < scopes.size(); ++i)
    scopes[i] = keyed[i].scope;
}

}  // namespace

bool is_valid_scope(std::string_view scope) {
  return std::all_of(scope.begin(), scope.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

bool satisfies(const scope_list& have, std::string_view required) {
  return std::any_of(have.begin(), have.end(),
                     [&](const std::string& scope) { return satisfies(scope, required); });
}

bool scope_less(std::string_view a, std::string_view b) { return compare(a, b) < 0; }

scope_list normalise(scope_list scopes) {
  if (!std::is_sorted(scopes.begin(), scopes.end(), scope_less))
    std::sort(scopes.begin(), scopes.end(), scope_less);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    if (kept != 0 && satisfies(scopes[kept - 1], scopes[i]))
      continue;
    if (kept != i)
      scopes[kept] = std::move(scopes[i]);
    ++kept;
  }
  scopes.resize(kept);
  return scopes;
}

scope_list normalise_views(std::vector<std::string_view> scopes) {
  sort_views(scopes);
  const auto end = std::unique(scopes.begin(), scopes.end(),
                               [](auto before, auto scope) { return satisfies(before, scope); });
  return {scopes.begin(), end};
}

scope_list merge_normalised(const scope_list& a, const scope_list& b) {
  scope_list out;
  out.reserve(a.size() + b.size());
  auto i = a.begin();
  auto j = b.begin();
  while (i != a.end() && j != b.end())
    add_in_order(out, compare(*j, *i) < 0 ? *j++ : *i++);
  for (; i != a.end(); ++i)
    add_in_order(out, *i);
  for (; j != b.end(); ++j)
    add_in_order(out, *j);
  return out;
}

scope_list merge_unsorted(const scope_list& a, const scope_list& b) {
  scope_list out;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (j == b.size() || (i < a.size() && !scope_less(b[j], a[i])))
      add_in_order(out, a[i++]);
    else
      add_in_order(out, b[j++]);
  }
  return out;
}

scope_list merge(const scope_list& a, const scope_list& b) {
  auto all = a;
  all.insert(all.end(), b.begin(), b.end());
  return normalise(std::move(all));
}

scope_list intersection(const scope_list& a, const scope_list& b) {
  scope_list out;
  for (const auto& scope : a)
    if (satisfies(b, scope))
      out.push_back(scope);
  for (const auto& scope : b)
    if (satisfies(a, scope))
      out.push_back(scope);
  return normalise(std::move(out));
}

scope_set::scope_set(scope_list scopes) : scopes_(normalise(std::move(scopes))) {}

scope_set scope_set::of_normalised(scope_list scopes) {
  scope_set result;
  result.scopes_ = std::move(scopes);
  return result;
}

bool scope_set::satisfies(std::string_view required) const {
  // In a normalised list no star covers another entry, so what covers `required` is the last entry
  // not after it, in the order of scopes.
  const auto after = std::upper_bound(
      scopes_.begin(), scopes_.end(), required,
      [](std::string_view value, const std::string& entry) { return compare(value, entry) < 0; });
  if (after != scopes_.begin() && troupe::satisfies(*std::prev(after), required))
    return true;
  // But for one: `a**` covers `a*` and stands after it.
  if (!has_star(required))
    return false;
  const auto next = std::lower_bound(
      after, scopes_.end(), required,
      [](const std::string& entry, std::string_view text) { return without_star(entry) < text; });
  return next != scopes_.end() && troupe::satisfies(*next, required);
}

bool scope_set::satisfies_all(const scope_list& required) const {
  return std::all_of(required.begin(), required.end(),
                     [this](const std::string& scope) { return satisfies(scope); });
}

}  // namespace troupe
