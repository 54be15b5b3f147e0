#pragma once

#include "actors/auth/auth_state.hpp"
#include "actors/company/stage.hpp"
#include "runtime/auth/credentials.hpp"
#include "runtime/auth/temporary.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/secrets/secret_ring.hpp"

#include <string>
#include <string_view>

namespace troupe {

inline constexpr std::string_view local_queue = "local/default";
inline constexpr std::string_view local_group = "local";

/// The clients by which a server speaks to itself and to the workers that it starts. Their access
/// tokens are derived from the server's key, so they are the same after a restart.
struct own_clients {
  explicit own_clients(std::string_view server_key);

  credentials queue;
  credentials index;
  credentials local_workers;
  credential_issuer issuer;  ///< of credentials for runs; by the client of the queue

  /// What the company needs to issue credentials.
  void equip(company_parts& parts) const;
};

/// What the auth service begins with: the server's own clients, and those of the configuration.
/// `keys` are for secrets; access tokens are sealed by keys derived from them.
auth_setup auth_setup_of(const settings& config, std::string_view server_key,
                         const secret_ring& keys, const own_clients& own);

}  // namespace troupe
