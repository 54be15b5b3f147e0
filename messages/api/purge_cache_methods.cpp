#include "messages/api/purge_cache_methods.hpp"

namespace troupe {

namespace {

constexpr std::string_view digits = "^[0-9]+$";
constexpr std::string_view something = ".";
constexpr std::string_view pool = R"(^[A-Za-z0-9_-]{1,38}\/[A-Za-z0-9_-]{1,38}$)";

std::vector<api_method> make_methods() {
  // clang-format off
  return {
    {"purge-cache", "ping", "GET", "/ping", "", "", "", "stable", "Monitoring", {}, {}},
    {"purge-cache", "lbheartbeat", "GET", "/__lbheartbeat__", "", "", "", "stable", "Monitoring", {}, {}},
    {"purge-cache", "version", "GET", "/__version__", "", "", "", "stable", "Monitoring", {}, {}},
    {"purge-cache", "purgeCache", "POST", "/purge-cache/<workerPoolId*>", R"("purge-cache:<workerPoolId>:<cacheName>")", "schemas/purge-cache/v1/purge-cache-request", "", "stable", "Purge-Cache Service", {{"workerPoolId", pool, true}}, {}},
    {"purge-cache", "allPurgeRequests", "GET", "/purge-cache/list", R"("purge-cache:all-purge-requests")", "", "schemas/purge-cache/v1/all-purge-cache-request-list", "stable", "Purge-Cache Service", {}, {{"continuationToken", something}, {"limit", digits}}},
    {"purge-cache", "purgeRequests", "GET", "/purge-cache/<workerPoolId*>", R"("purge-cache:purge-requests::<workerPoolId>")", "", "schemas/purge-cache/v1/purge-cache-request-list", "stable", "Purge-Cache Service", {{"workerPoolId", pool, true}}, {{"since", ""}}},
    {"purge-cache", "heartbeat", "GET", "/__heartbeat__", "", "", "", "stable", "Monitoring", {}, {}},
  };
  // clang-format on
}

}  // namespace

const std::vector<api_method>& purge_cache_methods() {
  static const auto methods = make_methods();
  return methods;
}

}  // namespace troupe
