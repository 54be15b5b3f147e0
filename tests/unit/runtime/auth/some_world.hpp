#pragma once

#include "runtime/auth/authenticate.hpp"
#include "runtime/auth/credentials.hpp"

#include <string>

namespace troupe::test {

inline constexpr timestamp now{1768478400000};
inline const credentials root{"root", "HBupFDFjkpKe60Iw60Ilb4_kK7-kPWjBzcZ2d4qS1TE", {}};
inline const credentials worker{"some/worker", "y0P2NqlGS6x6uehx5aL6QfqKti3pkwHybzYTAieEwQ4", {}};

inline std::vector<client_record> some_clients() {
  return {{root.client_id, root.access_token, {"*"}, {now.ms + 86'400'000}, false},
          {worker.client_id,
           worker.access_token,
           {"assume:worker:a", "auth:create-client:some/worker/*"},
           {now.ms + 3'600'000},
           false},
          {"off", root.access_token, {}, {now.ms + 1}, true},
          {"old", root.access_token, {}, {now.ms - 1}, false},
          {"just", root.access_token, {}, {now.ms}, false}};
}

inline std::vector<role> some_roles() {
  return {{"anonymous", {"public:*"}}, {"worker:*", {"claim:<..>"}}};
}

inline auth_snapshot some_world() { return auth_snapshot{some_clients(), some_roles()}; }

inline const signed_target some_target{"POST", "/api/x/v1/y?z=1&q", "example.com", "443"};

inline auth_result ask(const auth_snapshot& world, std::string_view header,
                       certificate_cache* cache = nullptr, timestamp at = now,
                       const signed_target& target = some_target) {
  return authenticate(world, {target.verb, target.resource, target.host, target.port, header, at},
                      cache);
}

}  // namespace troupe::test
