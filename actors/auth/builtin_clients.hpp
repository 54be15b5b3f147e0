#pragma once

#include "runtime/scopes/scope.hpp"

#include <string_view>
#include <vector>

namespace troupe {

/// A client that every server has (auth contract, section 12).
struct builtin_client {
  std::string_view name;  ///< behind `static/taskcluster/`
  scope_list scopes;
};

/// All of them.
const std::vector<builtin_client>& builtin_clients();

}  // namespace troupe
