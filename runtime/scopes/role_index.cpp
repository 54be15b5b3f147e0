#include "runtime/scopes/role_index.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::detail {

namespace {

// The eight characters behind `assume:`, which all patterns begin with, as a number that is ordered
// as they are.
std::uint64_t key_of(std::string_view pattern) {
  unsigned char bytes[8] = {};
  const auto id = pattern.substr(assume_prefix.size());
  std::memcpy(bytes, id.data(), std::min(id.size(), sizeof bytes));
  std::uint64_t key = 0;
  for (const auto byte : bytes)
    key = key << 8 | byte;
  return key;
}

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

role_index::role_place::role_place(std::shared_ptr<const indexed_role> of)
    : key(key_of(of->pattern())), role(std::move(of)) {}

struct role_index::probe {
  explicit probe(std::string_view of)
      : text(of), keyed(of.starts_with(assume_prefix)), key(keyed ? key_of(of) : 0) {}

  // As strings are compared: less than 0 when the role's pattern comes first.
  int compare(const role_place& place) const {
    if (keyed && place.key != key)
      return place.key < key ? -1 : 1;
    return place.role->pattern().compare(text);
  }

  std::string_view text;
  bool keyed;
  std::uint64_t key;
};

role_index::role_index(std::vector<role> roles) {
  auto exact = std::make_shared<role_list>();
  auto prefixes = std::make_shared<role_list>();
  for (auto& entry : roles) {
    auto made = indexed(std::move(entry));
    (made->starred ? *prefixes : *exact).emplace_back(std::move(made));
  }
  for (auto* list : {exact.get(), prefixes.get()}) {
    std::stable_sort(list->begin(), list->end(), [](const role_place& a, const role_place& b) {
      return a.key != b.key ? a.key < b.key : a.role->pattern() < b.role->pattern();
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
  longer->emplace_back(std::move(made));
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
  return at < list.size() && list[at].role->pattern() == pattern ? list[at].role.get() : nullptr;
}

const role_index::role_list& role_index::list_of(const role_list_ptr& list) {
  static const role_list none;
  return list == nullptr ? none : *list;
}

std::size_t role_index::first_not_before(const role_list& in, std::string_view pattern) {
  const auto found = std::partition_point(
      in.begin(), in.end(),
      [wanted = probe{pattern}](const role_place& place) { return wanted.compare(place) < 0; });
  return static_cast<std::size_t>(found - in.begin());
}

std::size_t role_index::first_after(const role_list& in, std::string_view pattern) {
  const auto found = std::partition_point(
      in.begin(), in.end(),
      [wanted = probe{pattern}](const role_place& place) { return wanted.compare(place) <= 0; });
  return static_cast<std::size_t>(found - in.begin());
}

std::size_t role_index::common_beginning(std::string_view a, std::string_view b) {
  const auto end = a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size()));
  return static_cast<std::size_t>(std::mismatch(a.begin(), end, b.begin()).first - a.begin());
}

}  // namespace troupe::detail
