#include "gateways/metrics/resolution_counts.hpp"

#include <boost/json.hpp>

#include <optional>
#include <string_view>

namespace troupe {

namespace {

std::optional<resolution_counts::how> kind_of(std::string_view exchange) {
  constexpr std::string_view prefix = "exchange/taskcluster-queue/v1/task-";
  if (!exchange.starts_with(prefix))
    return std::nullopt;
  exchange.remove_prefix(prefix.size());
  if (exchange == "completed")
    return resolution_counts::how::completed;
  if (exchange == "failed")
    return resolution_counts::how::failed;
  if (exchange == "exception")
    return resolution_counts::how::exception;
  return std::nullopt;
}

// `primary.<taskId>.<runId>.<workerGroup>.<workerId>.<provisionerId>.<workerType>...`; none of
// these words has a dot.
std::string queue_of(std::string_view key) {
  constexpr int words_before = 5;
  for (int i = 0; i < words_before; ++i) {
    const auto dot = key.find('.');
    if (dot == std::string_view::npos)
      return {};
    key.remove_prefix(dot + 1);
  }
  const auto dot = key.find('.');
  if (dot == std::string_view::npos)
    return {};
  return std::string{key.substr(0, dot)} + "/" +
         std::string{key.substr(dot + 1, key.find('.', dot + 1) - dot - 1)};
}

// That of the last run, which is the one that resolved. A task without runs was canceled or missed
// its deadline; then the task has run 0 all the same.
std::string reason_of(std::string_view payload) {
  boost::system::error_code failed;
  const auto value = boost::json::parse(payload, failed);
  const auto* runs = failed ? nullptr : value.find_pointer("/status/runs", failed);
  if (failed || runs == nullptr || !runs->is_array() || runs->get_array().empty())
    return "unknown";
  const auto* run = runs->get_array().back().if_object();
  const auto* reason = run == nullptr ? nullptr : run->if_contains("reasonResolved");
  return reason == nullptr || !reason->is_string() ? std::string{"unknown"}
                                                   : std::string{reason->get_string()};
}

}  // namespace

void resolution_counts::on_event(const event& what) {
  if (what.id.stream >= shard_count)
    return;  // others may publish what they like
  const auto kind = kind_of(what.exchange);
  if (!kind)
    return;
  auto queue = queue_of(what.routing_key);
  if (queue.empty())
    return;
  ++counts_[key{*kind, std::move(queue),
                *kind == how::completed ? std::string{} : reason_of(what.payload)}];
}

}  // namespace troupe
