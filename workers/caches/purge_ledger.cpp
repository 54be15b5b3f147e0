#include "workers/caches/purge_ledger.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr auto slack = 5min;
constexpr auto longest_silence = 6h;

std::optional<purge_request> read_request(const json::value& from) {
  if (!from.is_object())
    return {};
  const auto* cache = from.get_object().if_contains("cacheName");
  const auto* before = from.get_object().if_contains("before");
  if (cache == nullptr || !cache->is_string() || before == nullptr || !before->is_string())
    return {};
  const auto time = parse_date_time(before->get_string());
  if (!time)
    return {};
  return purge_request{std::string{cache->get_string()}, *time};
}

}  // namespace

std::optional<timestamp> purge_ledger::since() const {
  const std::lock_guard lock{guard_};
  if (!asked_)
    return {};
  return *asked_ - slack;
}

bool purge_ledger::is_due(timestamp now) const {
  const std::lock_guard lock{guard_};
  return !asked_ || now - *asked_ >= longest_silence;
}

// A copy that was made after its request was obeyed must not go because the request is heard again.
std::vector<purge_request> purge_ledger::take(const json::value& answer, timestamp asked) {
  std::vector<purge_request> result;
  const auto* requests = answer.is_object() ? answer.get_object().if_contains("requests") : nullptr;
  if (requests == nullptr || !requests->is_array())
    return result;
  const std::lock_guard lock{guard_};
  asked_ = asked_ ? std::max(*asked_, asked) : asked;
  for (const auto& entry : requests->get_array()) {
    const auto request = read_request(entry);
    if (!request)
      continue;
    const auto [known, fresh] = obeyed_.try_emplace(request->cache, request->before);
    if (!fresh && known->second >= request->before)
      continue;
    known->second = request->before;
    result.push_back({request->cache, request->before + slack});
  }
  return result;
}

}  // namespace troupe
