#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe_load {

/// What a connection can be asked to do.
enum class operation { create, claim, complete, status, raw, list, call };

inline constexpr std::array operation_names{"create", "claim", "complete", "status",
                                            "raw",    "list",  "call"};

inline const char* name_of(operation what) {
  return operation_names[static_cast<std::size_t>(what)];
}

/// What was seen while measuring.
struct statistics {
  std::array<std::vector<float>, operation_names.size()> latency_us;
  std::vector<float> handoff_from_response_us, handoff_from_request_us;
  std::map<std::string, long> errors;
  std::string first_error;  ///< the body of the first answer that was none
  long retries = 0, reconnects = 0, requests = 0, claim_calls = 0, claimed = 0, empty_claims = 0;
  long long bytes_in = 0, bytes_out = 0;

  void keep_first_error(std::string_view body) {
    if (first_error.empty())
      first_error = std::string{body.substr(0, 600)};
  }
};

}  // namespace troupe_load
