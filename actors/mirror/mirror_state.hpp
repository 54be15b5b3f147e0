#pragma once

#include "messages/timestamp.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace troupe {

/// A copy: the site, and the blob.
using copy_id = std::pair<std::string, std::string>;

/// What becomes of a copy. One that is absent has no row.
enum class copy_phase : std::uint8_t {
  copying,  ///< under way, as long as its lease is renewed
  present,  ///< complete and checked
  failed,   ///< not tried again for a while
  leaving,  ///< nobody is sent there any more, and its data go when nobody has a URL of it
};

/// What is known of a copy.
struct copy_row {
  copy_phase phase = copy_phase::copying;
  timestamp until;         ///< copying: the lease; failed: then it is tried again; leaving: then go
  timestamp expires;       ///< of the blob
  timestamp used;          ///< present: when somebody was sent there, as Redis knows
  std::uint64_t size = 0;  ///< present
  std::uint32_t failures = 0;  ///< in a row
  std::string reason;          ///< failed

  friend bool operator==(const copy_row&, const copy_row&) = default;
};

/// A copy in memory.
struct kept_copy {
  copy_row row;
  timestamp used;  ///< as `row.used`, or later
  timestamp due;   ///< its place in the order of time
};

/// What is known of a site.
struct site_account {
  std::uint64_t bytes = 0;                             ///< of those that are present
  std::set<std::pair<timestamp, std::string>> by_use;  ///< those that are present, oldest first
  double bytes_per_s = 0;  ///< of copies to there, a moving average; 0: none was made yet
};

/// All copies, and the order in which something is due.
struct mirror_state {
  std::map<copy_id, kept_copy> copies;
  std::set<std::pair<timestamp, copy_id>> by_time;
  std::map<std::string, site_account, std::less<>> sites;
};

}  // namespace troupe
