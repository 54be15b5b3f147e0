#pragma once

#include "messages/timestamp.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace troupe {

/// A secret as it is kept: never with its value in clear.
struct secret_row {
  std::string sealed;
  timestamp expires;

  friend bool operator==(const secret_row&, const secret_row&) = default;
};

/// All secrets by name, and their order by expiry.
struct secrets_state {
  std::map<std::string, secret_row, std::less<>> rows;
  std::set<std::pair<timestamp, std::string>> by_expiry;
};

}  // namespace troupe
