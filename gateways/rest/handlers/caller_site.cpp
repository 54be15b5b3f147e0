#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "runtime/mirrors/mirror_sites.hpp"

namespace troupe {

namespace {

// Who asks for the store itself, which a CDN may stand before, wants no copy either.
bool skips_cdn(const request_context& call) {
  const auto text = call.header("x-taskcluster-skip-cdn");
  return text == "true" || text == "1";
}

}  // namespace

std::string site_argument(request_context& call, const caller_ptr& by) {
  const auto* sites = call.here().sites;
  if (sites == nullptr || skips_cdn(call))
    return {};
  caller_place place;
  place.region = call.request().region;
  if (by)
    place.worker_group = worker_group_of(by->client_id);
  place.address = call.request().source_ip;
  return sites->site_of(place);
}

}  // namespace troupe
