#include "runtime/mirrors/mirror_sites.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>

namespace troupe {

namespace ip = boost::asio::ip;

namespace {

// Callers by IPv4 on a socket of both kinds have addresses like ::ffff:10.2.0.1.
ip::address plain(const ip::address& given) {
  if (given.is_v6() && given.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, given.to_v6());
  return given;
}

bool contains(const ip::network_v4& block, const ip::address& caller) {
  return caller.is_v4() &&
         ip::network_v4(caller.to_v4(), block.prefix_length()).canonical() == block.canonical();
}

bool contains(const ip::network_v6& block, const ip::address& caller) {
  return caller.is_v6() &&
         ip::network_v6(caller.to_v6(), block.prefix_length()).canonical() == block.canonical();
}

}  // namespace

std::string_view worker_group_of(std::string_view client_id) {
  // task-client/<taskId>/<runId>/on/<workerGroup>/<workerId>/until/<time>
  if (!client_id.starts_with("task-client/"))
    return {};
  std::array<std::string_view, 6> parts;
  for (auto& part : parts) {
    const auto end = client_id.find('/');
    part = client_id.substr(0, end);
    client_id = end == std::string_view::npos ? std::string_view{} : client_id.substr(end + 1);
  }
  return parts[3] == "on" && !parts[5].empty() ? parts[4] : std::string_view{};
}

mirror_sites::site mirror_sites::compile(std::string id, const std::vector<site_rule>& rules) {
  site made{std::move(id), {}};
  for (const auto& one : rules) {
    rule compiled{one.how, {}, std::nullopt, ip::network_v4{}};
    switch (one.how) {
      case site_rule::kind::region:
        compiled.region = one.text;
        break;
      case site_rule::kind::worker_group:
        compiled.group.emplace(one.text);
        break;
      case site_rule::kind::address: {
        boost::system::error_code no_v4;
        const auto v4 = ip::make_network_v4(one.text, no_v4);
        if (no_v4)
          compiled.block = ip::make_network_v6(one.text);
        else
          compiled.block = v4;
        break;
      }
    }
    made.rules.push_back(std::move(compiled));
  }
  return made;
}

mirror_sites::mirror_sites(const mirror_settings& config) {
  sites_.push_back(compile({}, config.canonical_rules));
  for (const auto& one : config.sites) {
    sites_.push_back(compile(one.id, one.rules));
    for (const auto& pool : one.eager_pools)
      sites_.back().eager_pools.emplace_back(pool);
  }
}

std::vector<std::string> mirror_sites::eager_sites(std::string_view queue) const {
  std::vector<std::string> found;
  for (const auto& one : sites_)
    if (std::any_of(one.eager_pools.begin(), one.eager_pools.end(),
                    [queue](const text_pattern& pool) { return pool.matches(queue); }))
      found.push_back(one.id);
  return found;
}

std::string mirror_sites::site_of(const caller_place& caller) const {
  boost::system::error_code no_address;
  const auto address = plain(ip::make_address(std::string{caller.address}, no_address));
  const auto holds = [&](const rule& one) {
    switch (one.how) {
      case site_rule::kind::region:
        return !caller.region.empty() && one.region == caller.region;
      case site_rule::kind::worker_group:
        return !caller.worker_group.empty() && one.group->matches(caller.worker_group);
      case site_rule::kind::address:
        return !no_address &&
               std::visit([&](const auto& block) { return contains(block, address); }, one.block);
    }
    return false;
  };
  for (const auto kind :
       {site_rule::kind::region, site_rule::kind::worker_group, site_rule::kind::address})
    for (const auto& one : sites_)
      if (std::any_of(one.rules.begin(), one.rules.end(),
                      [&](const rule& r) { return r.how == kind && holds(r); }))
        return one.id;
  return {};
}

}  // namespace troupe
