#pragma once

#include "tests/bench/claims.hpp"
#include "tests/bench/response_reader.hpp"
#include "tests/bench/statistics.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe_load {

/// What a connection is doing.
struct exchange {
  operation what{};
  std::int64_t began_ns = 0;  ///< when it was sent first, or was due; 0: not yet
  int attempts = 0;
  int asked = 0;  ///< claim: how many tasks were asked for
  std::string task_id;
  std::string group_id;
  std::string verb, path, body;  ///< call
  claim_ptr claimed;             ///< complete: which run
};

/// A keep-alive HTTP/1.1 connection; `connection_loop` moves its bytes.
struct connection {
  exchange now;
  int role = 0;  ///< the mode's business

  int socket = -1;
  bool busy = false;      ///< a response is awaited
  bool used = false;      ///< this socket has already served a response
  bool want_out = false;  ///< the loop tells when it can be written
  std::string out;
  std::size_t out_done = 0;
  std::vector<char> in;
  std::size_t in_size = 0;
  response_reader response;

  std::string_view received() const { return {in.data(), in_size}; }
};

}  // namespace troupe_load
