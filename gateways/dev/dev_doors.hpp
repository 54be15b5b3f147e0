#pragma once

#include "messages/api_error.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace troupe {

class rest_gateway;
class switchboard;
struct settings;

/// What dev mode does to the server, as the app does it. `done` may be called on any thread.
struct dev_controls {
  using told = std::function<void(outcome<void>)>;

  std::function<void(told done)> reset;
  std::function<void(std::chrono::seconds timeout, told done)> set_claim_timeout;
  /// Notifications that were kept instead of sent, a JSON object each; null: nobody notifies.
  std::function<std::vector<std::string>()> notifications;
};

/// Adds `POST /api/troupe/v1/maintenance`: runs a periodic job now, for who has the scope
/// `troupe:maintenance:<job>`.
void add_maintenance_route(rest_gateway& rest, switchboard& board);

/// Adds `/api/dev/v1/`, as dev-mode contract section 3 says: `reset`, `maintenance` as of any time,
/// `config` and `outbox`. Whoever asks shows the token, if there is one; without one pages of other
/// origins are refused, as a browser would let them ask.
/// `config` outlives the gateway; its root URL may still be empty here.
void add_dev_routes(rest_gateway& rest, switchboard& board, dev_controls controls,
                    const settings& config);

}  // namespace troupe
