#pragma once

#include "runtime/config/mirror_settings.hpp"
#include "runtime/schema/pattern.hpp"

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe {

/// What is known of where a caller is.
struct caller_place {
  std::string_view region;        ///< what it says itself; empty: nothing
  std::string_view worker_group;  ///< of the task whose credentials it has; empty: it has none
  std::string_view address;       ///< as text
};

/// The workerGroup that the credentials of a run name in their clientId; empty for others.
std::string_view worker_group_of(std::string_view client_id);

/// Which site a caller is at. Can be asked from any thread.
class mirror_sites {
 public:
  /// The settings have passed their checks.
  explicit mirror_sites(const mirror_settings& config);

  /// The id of the caller's site; empty for the canonical one and for callers of no site. What a
  /// caller says itself counts more than its workerGroup, and that more than its address; among the
  /// sites the canonical one is the first.
  std::string site_of(const caller_place& caller) const;

  /// The sites that get copies of what tasks of this taskQueueId will read, before they are
  /// claimed.
  std::vector<std::string> eager_sites(std::string_view queue) const;

 private:
  using address_block = std::variant<boost::asio::ip::network_v4, boost::asio::ip::network_v6>;
  struct rule {
    site_rule::kind how;
    std::string region;
    std::optional<text_pattern> group;
    address_block block;
  };
  struct site {
    std::string id;  // empty: the canonical one
    std::vector<rule> rules;
    std::vector<text_pattern> eager_pools = {};
  };

  static site compile(std::string id, const std::vector<site_rule>& rules);

  std::vector<site> sites_;
};

}  // namespace troupe
