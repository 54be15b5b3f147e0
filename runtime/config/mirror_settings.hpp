#pragma once

#include "runtime/config/object_settings.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe {

// Copies of artifacts and objects at other sites (object contract 7.2). Without a file there are
// none.

/// What tells that a caller is at a site.
struct site_rule {
  enum class kind : std::uint8_t {
    region,        ///< the header `x-taskcluster-region` is `text`
    worker_group,  ///< `text` is a regular expression, searched in the workerGroup of task
                   ///< credentials
    address,       ///< the caller's address is in the block `text`, as `10.2.0.0/16`
  };
  kind how = kind::region;
  std::string text;
};

/// A directory of this server that has the copies of a site, which it serves itself.
struct local_mirror_settings {
  std::string directory;
};

/// A site whose callers get copies of their own.
struct mirror_site_settings {
  std::string id;
  std::vector<site_rule> rules;  ///< one is enough
  std::variant<local_mirror_settings, s3_backend_settings> store;
  std::uint64_t most_bytes = 0;     ///< of all copies; 0: no bound
  std::uint64_t largest_bytes = 0;  ///< of one copy
  std::uint32_t lasts_s = 86'400;   ///< how long a copy stays that nobody reads
  /// Regular expressions, searched in the taskQueueId of a task that becomes pending: what it will
  /// read is copied before it is claimed.
  std::vector<std::string> eager_pools = {};
  std::uint64_t part_bytes = std::uint64_t{1} << 30;  ///< what is larger goes in parts of this size
};

/// All of it.
struct mirror_settings {
  std::string canonical;                   ///< the site where the data are; may be empty
  std::vector<site_rule> canonical_rules;  ///< who is there, whatever the others' rules say
  std::vector<mirror_site_settings> sites;

  std::uint32_t longest_wait_s = 5;  ///< for a copy that is worth waiting for
  std::uint64_t waits_above_bytes = std::uint64_t{64} << 20;
  std::uint32_t copies_at_once = 4;
  std::uint32_t lease_s = 60;          ///< of a copy under way; renewed while it goes on
  std::uint32_t url_lasts_s = 600;     ///< URLs of copies, and a copy that leaves
  std::uint32_t retried_after_s = 60;  ///< a copy that failed, longer each time
};

/// Reads the JSON text of the file; returns what is wrong with it, or an empty text. What is said
/// shows no secret.
std::string read_mirror_settings(std::string_view json, mirror_settings& into);

/// The same with the file at this path.
std::string read_mirror_file(const std::string& path, mirror_settings& into);

}  // namespace troupe
