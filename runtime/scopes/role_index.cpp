#include "runtime/scopes/role_index.hpp"

#include <algorithm>

namespace troupe::detail {

namespace {

std::shared_ptr<const indexed_role> indexed(role entry) {
  auto made = std::make_shared<indexed_role>();
  made->name.reserve(assume_prefix.size() + entry.role_id.size());
  made->name += assume_prefix;
  made->name += entry.role_id;
  made->scopes = std::move(entry.scopes);
  made->scopes.shrink_to_fit();
  made->starred = has_star(entry.role_id);
  return made;
}

}  // namespace

role_index::role_index(std::vector<role> roles) {
  auto exact = std::make_shared<role_list>();
  auto prefixes = std::make_shared<role_list>();
  for (auto& entry : roles) {
    auto made = indexed(std::move(entry));
    (made->starred ? *prefixes : *exact).push_back(std::move(made));
  }
  for (auto* list : {exact.get(), prefixes.get()}) {
    std::stable_sort(list->begin(), list->end(), [](const role_ptr& a, const role_ptr& b) {
      return a->pattern() < b->pattern();
    });
    list->shrink_to_fit();
  }
  exact_ = std::move(exact);
  prefixes_ = std::move(prefixes);
}

role_index role_index::with(role entry) const {
  auto next = without(entry.role_id);
  auto made = indexed(std::move(entry));
  auto& place = made->starred ? next.prefixes_ : next.exact_;
  const auto& list = list_of(place);
  const auto at = static_cast<std::ptrdiff_t>(first_not_before(list, made->pattern()));
  auto longer = std::make_shared<role_list>();
  longer->reserve(list.size() + 1);
  longer->insert(longer->end(), list.begin(), list.begin() + at);
  longer->push_back(std::move(made));
  longer->insert(longer->end(), list.begin() + at, list.end());
  place = std::move(longer);
  return next;
}

role_index role_index::without(std::string_view role_id) const {
  auto next = *this;
  const auto* known = find(role_id);
  if (known == nullptr)
    return next;
  auto& place = known->starred ? next.prefixes_ : next.exact_;
  auto shorter = std::make_shared<role_list>(*place);
  shorter->erase(shorter->begin() +
                 static_cast<std::ptrdiff_t>(first_not_before(*shorter, known->pattern())));
  place = std::move(shorter);
  return next;
}

const indexed_role* role_index::find(std::string_view role_id) const {
  const bool starred = has_star(role_id);
  const auto& list = starred ? prefixes() : exact();
  const auto pattern = std::string{assume_prefix} +
                       std::string{role_id.substr(0, role_id.size() - (starred ? 1 : 0))};
  const auto at = first_not_before(list, pattern);
  return at < list.size() && list[at]->pattern() == pattern ? list[at].get() : nullptr;
}

const role_index::role_list& role_index::list_of(const role_list_ptr& list) {
  static const role_list none;
  return list == nullptr ? none : *list;
}

std::size_t role_index::first_not_before(const role_list& in, std::string_view pattern) {
  const auto found = std::lower_bound(
      in.begin(), in.end(), pattern,
      [](const role_ptr& entry, std::string_view text) { return entry->pattern() < text; });
  return static_cast<std::size_t>(found - in.begin());
}

std::size_t role_index::first_after(const role_list& in, std::string_view pattern) {
  const auto found = std::upper_bound(
      in.begin(), in.end(), pattern,
      [](std::string_view text, const role_ptr& entry) { return text < entry->pattern(); });
  return static_cast<std::size_t>(found - in.begin());
}

std::size_t role_index::common_beginning(std::string_view a, std::string_view b) {
  const auto end = a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size()));
  return static_cast<std::size_t>(std::mismatch(a.begin(), end, b.begin()).first - a.begin());
}

}  // namespace troupe::detail
