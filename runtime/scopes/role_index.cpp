#include "runtime/scopes/role_index.hpp"

#include <algorithm>

namespace troupe::detail {

role_index::role_index(const std::vector<role>& roles) {
  for (std::size_t i = 0; i < roles.size(); ++i) {
    pattern made{"assume:" + roles[i].role_id, i, none};
    if (has_star(roles[i].role_id)) {
      made.text.pop_back();
      prefixes_.push_back(std::move(made));
    } else {
      exact_.push_back(std::move(made));
    }
  }
  const auto by_text = [](const pattern& a, const pattern& b) { return a.text < b.text; };
  std::sort(exact_.begin(), exact_.end(), by_text);
  std::sort(prefixes_.begin(), prefixes_.end(), by_text);
  for (std::size_t i = 1; i < prefixes_.size(); ++i) {
    auto shorter = i - 1;
    while (shorter != none && !prefixes_[i].text.starts_with(prefixes_[shorter].text))
      shorter = prefixes_[shorter].shorter;
    prefixes_[i].shorter = shorter;
  }
}

std::size_t role_index::first_not_before(const patterns& in, std::string_view text) {
  const auto found = std::lower_bound(
      in.begin(), in.end(), text,
      [](const pattern& entry, std::string_view value) { return entry.text < value; });
  return static_cast<std::size_t>(found - in.begin());
}

std::size_t role_index::first_after(const patterns& in, std::string_view text) {
  const auto found = std::upper_bound(
      in.begin(), in.end(), text,
      [](std::string_view value, const pattern& entry) { return value < entry.text; });
  return static_cast<std::size_t>(found - in.begin());
}

}  // namespace troupe::detail
