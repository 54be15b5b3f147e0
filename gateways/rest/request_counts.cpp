#include "gateways/rest/request_counts.hpp"

#include "messages/api/method.hpp"
#include "messages/api/metrics.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr std::size_t most_clients = 200;

// Without new texts for a key that is there.
request_counts::labelled::value_type& add_to(request_counts::labelled& counts,
                                             std::string_view first, std::string_view second,
                                             std::uint64_t count) {
  auto at = counts.find(std::pair{first, second});
  if (at == counts.end())
    at = counts.emplace(std::pair{std::string{first}, std::string{second}}, 0).first;
  at->second += count;
  return *at;
}

}  // namespace

request_counts::row& request_counts::row_of(const api_method& method, std::uint16_t status) {
  // The few that are called often come to stand in front.
  const auto found = std::find_if(calls_.begin(), calls_.end(), [&](const row& known) {
    return known.method == &method && known.status == status;
  });
  if (found == calls_.end())
    return calls_.emplace_back(row{&method, status, {}});
  if (found == calls_.begin() || found[-1].count.requests >= found->count.requests)
    return *found;
  std::swap(found[-1], *found);
  return found[-1];
}

void request_counts::add(const api_method& method, std::uint16_t status, std::int64_t duration_us) {
  auto& count = row_of(method, status).count;
  ++count.requests;
  count.total_us += static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration_us));
  const auto bound = std::lower_bound(request_seconds.begin(), request_seconds.end(),
                                      static_cast<double>(duration_us) / 1e6);
  ++count.within[static_cast<std::size_t>(bound - request_seconds.begin())];
}

void request_counts::add_success(std::string_view scheme, std::string_view client_id) {
  if (last_success_ != nullptr && last_success_->first.second == client_id &&
      last_success_->first.first == scheme) {
    ++last_success_->second;
    return;
  }
  const bool has_room =
      successes_.size() < most_clients || successes_.contains(std::pair{scheme, client_id});
  last_success_ = &add_to(successes_, scheme, has_room ? client_id : "other", 1);
}

void request_counts::add_failure(std::string_view scheme, std::string_view reason) {
  add_to(failures_, scheme, reason, 1);
}

void request_counts::merge(const request_counts& other) {
  for (const auto& [method, status, count] : other.calls_) {
    auto& mine = row_of(*method, status).count;
    mine.requests += count.requests;
    mine.total_us += count.total_us;
    for (std::size_t i = 0; i < mine.within.size(); ++i)
      mine.within[i] += count.within[i];
  }
  for (const auto& [key, count] : other.successes_)
    add_to(successes_, key.first, key.second, count);
  for (const auto& [key, count] : other.failures_)
    add_to(failures_, key.first, key.second, count);
}

}  // namespace troupe
