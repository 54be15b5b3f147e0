#include "gateways/zeromq/subscription_set.hpp"

#include <algorithm>

namespace troupe {

void subscription_set::take(std::string_view report) {
  if (report.empty())
    return;
  const auto prefix = report.substr(1);
  if (report.front() == '\1')
    prefixes_.emplace(prefix);
  else if (report.front() == '\0')
    if (const auto known = prefixes_.find(prefix); known != prefixes_.end())
      prefixes_.erase(known);
}

bool subscription_set::wants(std::string_view topic) const {
  auto after = prefixes_.upper_bound(topic);
  while (after != prefixes_.begin()) {
    const auto& nearest = *std::prev(after);
    const auto [end, ignored] =
        std::mismatch(nearest.begin(), nearest.end(), topic.begin(), topic.end());
    if (end == nearest.end())
      return true;
    // Nothing between is a prefix: one would have to be as short as what both have in common.
    topic = topic.substr(0, static_cast<std::size_t>(end - nearest.begin()));
    after = prefixes_.upper_bound(topic);
  }
  return false;
}

}  // namespace troupe
