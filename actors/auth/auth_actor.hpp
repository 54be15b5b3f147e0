#pragma once

#include "actors/auth/auth_rules.hpp"
#include "actors/company/stage.hpp"
#include "messages/interfaces.hpp"
#include "runtime/secrets/key_census.hpp"
#include "runtime/store/lane_store.hpp"
#include "runtime/supervision/service_actor.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// The shell of the owner of clients and roles: reads them from Redis, writes down what changes,
/// and publishes a snapshot of them whenever they do. Who asked for a change is answered when it
/// counts on every lane.
class auth_shell : public service_actor<auth_actor, auth_timer_fired> {
 public:
  auth_shell(caf::actor_config& config, const stage& where, std::function<void()> successor);

  const char* name() const override { return "troupe.auth"; }
  behavior_type make_behavior() override;

 private:
  // A change that is not published yet, and who waits for that.
  struct unpublished {
    commit_number commit = 0;
    std::optional<auth_change> change;
    reply_handle reply;
    answer result;
  };

  // What is written with a change for those who look back.
  struct footprint {
    std::string_view by;
    std::string_view event;
    std::string_view action;
    std::string_view kind;
    std::string_view id;
  };

  void open();
  void take_client(std::string_view id, std::string_view row);
  std::optional<std::string> open_token(std::string_view id, const client_row& row,
                                        std::string_view sealed);
  void reseal();
  void take_role(std::string_view id, std::string_view row);
  bool begin();
  outcome<auth_snapshot_ptr> settle();
  bool stop(api_error why);
  std::optional<timestamp> next_due() const override;
  void leave() override;

  void answer_reading(read_auth& question);
  void read_history(read_auth& question);
  void change(change_client& command);
  void change(change_role& command);
  void note_use(client_used& news);
  void remove_expired(auth_timer_fired&);
  void expire(expire_now& command);
  void remove_until(timestamp then, const reply_handle& told);

  void carry_out(outcome<auth_decision> decided, footprint left, const reply_handle& reply);
  void write_client(resp_writer& commands, std::string_view id, const client_row& row);
  void write(resp_writer& commands, const auth_change& change);
  void leave_behind(resp_writer& commands, const footprint& left);
  void publish(commit_number up_to);

  const stage& stage_;
  auth_state state_;
  auth_snapshot_ptr published_;
  std::deque<unpublished> unpublished_;
  std::optional<key_census> census_;  // of access tokens, while they are read
  std::set<std::string> formerly_sealed_;
  std::optional<api_error> unreadable_;  // the first row that is
};

}  // namespace troupe
