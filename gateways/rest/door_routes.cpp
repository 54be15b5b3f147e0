#include "gateways/rest/door_routes.hpp"

#include "gateways/rest/uri.hpp"

#include <algorithm>

namespace troupe {

namespace {

struct raw_match {
  std::vector<std::string_view> params;
  std::size_t fixed = 0;  // characters that had to be equal: the more, the better the match
};

/// Walks a pattern like `/tasks/<taskId>` or `/static/<path*>` along a raw path.
std::optional<raw_match> match_pattern(std::string_view pattern, std::string_view path) {
  raw_match found;
  while (!pattern.empty()) {
    if (pattern.front() != '<') {
      if (path.empty() || path.front() != pattern.front())
        return std::nullopt;
      pattern.remove_prefix(1);
      path.remove_prefix(1);
      ++found.fixed;
      continue;
    }
    const auto close = pattern.find('>');
    const bool rest = pattern[close - 1] == '*';
    pattern.remove_prefix(close + 1);
    const auto size = rest ? path.size() : std::min(path.find('/'), path.size());
    if (size == 0 && !rest)
      return std::nullopt;
    found.params.push_back(path.substr(0, size));
    path.remove_prefix(size);
  }
  if (!path.empty() && path != "/")
    return std::nullopt;
  return found;
}

}  // namespace

void door_routes::add(door_route route) {
  auto prefix = route.pattern.substr(0, route.pattern.find('<'));
  if (std::find(prefixes_.begin(), prefixes_.end(), prefix) == prefixes_.end())
    prefixes_.push_back(std::move(prefix));
  routes_.push_back(std::move(route));
}

bool door_routes::may_match(std::string_view path) const {
  return std::any_of(prefixes_.begin(), prefixes_.end(),
                     [path](const std::string& prefix) { return path.starts_with(prefix); });
}

std::optional<door_routes::match> door_routes::find(std::string_view verb, std::string_view path,
                                                    bool upgrade) const {
  if (!may_match(path))
    return std::nullopt;
  std::optional<match> best;
  raw_match best_raw;
  std::size_t best_fixed = 0;
  for (const auto& route : routes_) {
    auto raw = match_pattern(route.pattern, path);
    if (!raw || (best && raw->fixed < best_fixed))
      continue;
    if (!best || raw->fixed > best_fixed) {
      best.emplace();
      best_fixed = raw->fixed;
    }
    best->verbs.push_back(route.verb);
    const bool fits = route.verb == verb || (route.verb == "GET" && verb == "HEAD");
    // A plain route serves a request for an upgrade when there is no better one.
    if (fits && (route.upgrade == upgrade || (!route.upgrade && best->route == nullptr))) {
      best->route = &route;
      best_raw = std::move(*raw);
    }
  }
  if (!best)
    return std::nullopt;
  for (auto param : best_raw.params) {
    auto text = percent_decoded(param);
    best->bad_escape = best->bad_escape || !text;
    best->params.push_back(text.value_or(std::string{}));
  }
  return best;
}

std::string_view door_request::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name)
      return value;
  return {};
}

std::optional<std::string> door_request::query_value(std::string_view name) const {
  return troupe::query_value(query, name);
}

}  // namespace troupe
