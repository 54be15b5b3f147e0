#pragma once

#include "messages/timestamp.hpp"

#include <string>
#include <string_view>

namespace troupe {

/// Who may open a tunnel, and where.
struct tunnel_grant {
  std::string_view audience;   ///< which tunnel servers it is for
  std::string_view client;     ///< the path that it opens
  std::string_view caller_id;  ///< on whose behalf
};

/// The answer of websocktunnelToken: a token that is good for 96 hours.
std::string websocktunnel_answer(const tunnel_grant& grant, std::string_view secret, timestamp now);

}  // namespace troupe
