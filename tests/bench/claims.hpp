#pragma once

#include "tests/bench/hawk.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace troupe_load {

/// A run that was claimed, with what is needed to report it.
struct claim {
  std::string task_id;
  std::string run_id;
  credentials by;
};

using claim_ptr = std::unique_ptr<claim>;

/// Calls `each` for every claim in an answer of claimWork; false when it cannot be understood. The
/// claims' own credentials are prepared only where they are wanted.
bool read_claims(std::string_view body, bool with_credentials,
                 const std::function<void(claim_ptr)>& each);

}  // namespace troupe_load
