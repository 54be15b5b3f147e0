#pragma once

#include "messages/timestamp.hpp"

#include <memory>
#include <string>

namespace troupe {

class scope_set;

/// Who makes a request, as the gateway found out: methods whose scopes depend on state carry it to
/// the actor that owns the state.
struct caller {
  std::string client_id;  ///< empty without credentials
  std::shared_ptr<const scope_set> scopes;
  timestamp expires;  ///< when the credentials end; caps what is issued on their strength
  bool authenticated = false;
  /// Only asks which scopes it takes: is refused by `demand_scopes` whatever it has, so that
  /// nothing is done.
  bool only_asks = false;
};

using caller_ptr = std::shared_ptr<const caller>;

}  // namespace troupe
