#include "actors/purge_cache/purge_cache_rules.hpp"

#include "messages/json_text.hpp"
#include "messages/json_walk.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr std::chrono::hours lifetime{24};

}  // namespace

purge_request decide_purge(const purge_cache_state& state, const request_purge& command,
                           timestamp now) {
  purge_request made{now, now + lifetime};
  for (auto at = state.requests.lower_bound({command.pool, {}});
       at != state.requests.end() && at->first.first == command.pool; ++at)
    if (made.before <= at->second.before)
      made.before = at->second.before + std::chrono::milliseconds{1};
  return made;
}

void apply_purge(purge_cache_state& state, const purge_key& key, const purge_request& request) {
  state.requests[key] = request;
}

purge_page list_requests(const purge_cache_state& state, const std::optional<purge_key>& after,
                         std::uint32_t limit, timestamp now) {
  purge_page page;
  auto at = after ? state.requests.upper_bound(*after) : state.requests.begin();
  for (; at != state.requests.end(); ++at) {
    if (at->second.expires < now)
      continue;
    if (page.rows.size() == limit) {
      page.next = page.rows.back().first;
      break;
    }
    page.rows.emplace_back(*at);
  }
  return page;
}

std::vector<std::pair<purge_key, purge_request>> requests_of(const purge_cache_state& state,
                                                             const std::string& pool,
                                                             timestamp since, timestamp now) {
  std::vector<std::pair<purge_key, purge_request>> rows;
  for (auto at = state.requests.lower_bound({pool, {}});
       at != state.requests.end() && at->first.first == pool; ++at)
    if (at->second.expires >= now && at->second.before >= since)
      rows.emplace_back(*at);
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.second.before < b.second.before; });
  return rows;
}

std::vector<purge_key> take_expired(purge_cache_state& state, timestamp now) {
  std::vector<purge_key> expired;
  std::erase_if(state.requests, [&](const auto& row) {
    if (row.second.expires >= now)
      return false;
    expired.push_back(row.first);
    return true;
  });
  return expired;
}

std::optional<timestamp> next_expiry(const purge_cache_state& state) {
  std::optional<timestamp> next;
  for (const auto& [key, request] : state.requests)
    if (!next || request.expires < *next)
      next = request.expires;
  return next;
}

// -- texts ----------------------------------------------------------------------------------------

std::string requests_text(const std::vector<std::pair<purge_key, purge_request>>& rows) {
  std::string text{R"({"requests":[)"};
  for (const auto& [key, request] : rows) {
    const std::string_view pool = key.first;
    const auto slash = pool.find('/');
    text += text.ends_with('[') ? R"({"provisionerId":)" : R"(,{"provisionerId":)";
    append_json_string(text, pool.substr(0, slash));
    text += R"(,"workerType":)";
    append_json_string(text, pool.substr(slash + 1));
    text += R"(,"cacheName":)";
    append_json_string(text, key.second);
    text += R"(,"before":")";
    append_iso(text, request.before);
    text += "\"}";
  }
  text += "]}";
  return text;
}

std::string key_text(const purge_key& key) { return key.first + " " + key.second; }

purge_key read_key(std::string_view text) {
  const auto blank = text.find(' ');
  return {std::string{text.substr(0, blank)},
          blank == std::string_view::npos ? std::string{} : std::string{text.substr(blank + 1)}};
}

std::string row_text(const purge_request& request) {
  return R"({"before":)" + std::to_string(request.before.ms) + R"(,"expires":)" +
         std::to_string(request.expires.ms) + "}";
}

purge_request read_request(std::string_view text) {
  purge_request request;
  auto members = json_walk::members(text);
  while (members.next()) {
    if (members.key() == "before")
      read_json_number(members.value(), request.before.ms);
    else if (members.key() == "expires")
      read_json_number(members.value(), request.expires.ms);
  }
  return request;
}

}  // namespace troupe
