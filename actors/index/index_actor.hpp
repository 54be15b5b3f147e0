#pragma once

#include "actors/company/stage.hpp"
#include "actors/index/index_intake.hpp"
#include "actors/index/index_rules.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_actor.hpp"

#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// The shell of the index: all of it is in memory, in a compact form, and each change is in Redis
/// before it is answered. It takes in what the event log tells of completed tasks with routes, and
/// writes down how far it got in the same commit.
class index_shell : public service_actor<index_actor, index_timer_fired> {
 public:
  index_shell(caf::actor_config& config, const stage& where, std::function<void()> successor);

  const char* name() const override { return "troupe.index"; }
  behavior_type make_behavior() override;

 private:
  // Waits for the definition of a completed task.
  struct definition_sink final : answer_sink {
    void complete(answer&& result) override;
    index_shell* of = nullptr;
    log_place at;
    reply_handle handle;
    std::list<definition_sink>::iterator self;
  };

  void open();
  void take_entry(std::string_view path, std::string_view row);
  void take_namespace(std::string_view path, std::string_view expires);
  void take_place(std::string_view name, std::string_view text);
  bool begin() { return true; }
  std::optional<timestamp> next_due() const override;
  void leave() override;

  void insert(insert_indexed& command);
  void remove(delete_indexed& command);
  void find(find_indexed& command);
  void find_all(find_all_indexed& command);
  void list(list_indexed& command);

  // index_actor_events.cpp
  void catch_up(catch_up_index& command);
  void read_log(std::uint16_t stream);
  void take_log(std::uint16_t stream, const redis_reply& entries);
  void end_log(std::uint16_t stream);
  void take(index_completed& event);
  void told(index_told& command);
  void ask_definition(const log_place& at, const task_id& task);
  void take_definition(index_definition& command);
  void carry_out(std::uint16_t stream);
  void write_place(std::uint16_t stream);

  void walk(index_timer_fired& command);
  void end_walking(timestamp now);
  void expire(expire_now& command);
  void write_entry(resp_writer& to, std::string_view path, const insertion& what);

  const stage& stage_;
  index_state state_;
  index_intake intake_;
  std::list<definition_sink> asked_;
  std::optional<expiry_walk> walk_;  // while one is under way
  timestamp walked_;                 // the end of the last one
  std::size_t walk_removed_ = 0;
  bool walk_is_asked_ = false;     // it is for the first of these
  std::deque<expire_now> purges_;  // somebody waits for what expires to be gone
};

}  // namespace troupe
