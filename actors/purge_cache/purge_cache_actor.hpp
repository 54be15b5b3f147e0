#pragma once

#include "actors/company/stage.hpp"
#include "actors/purge_cache/purge_cache_rules.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_actor.hpp"

#include <functional>
#include <optional>
#include <string_view>

namespace troupe {

/// The shell of the service of purge requests: all of them are in memory, and each change is in
/// Redis before it is answered.
class purge_cache_shell : public service_actor<purge_cache_actor, purge_timer_fired> {
 public:
  purge_cache_shell(caf::actor_config& config, const stage& where, std::function<void()> successor);

  const char* name() const override { return "troupe.purge_cache"; }
  behavior_type make_behavior() override;

 private:
  void open();
  void take_row(std::string_view name, std::string_view value);
  bool begin() { return true; }
  std::optional<timestamp> next_due() const override;
  void leave() override { state_ = {}; }

  void take_request(request_purge& command);
  void list(list_purge_requests& command);
  void find(find_purge_requests& command);
  void remove_expired(purge_timer_fired& command);

  const stage& stage_;
  purge_cache_state state_;
};

}  // namespace troupe
