#pragma once

#include "actors/company/stage.hpp"
#include "actors/worker/worker_rules.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_guard.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe {

/// The shell of one worker's record. What it learns is exact in memory at once and written a moment
/// later, so that a claim costs no write of its own.
class worker_shell : public worker_actor::base, public timer_target {
 public:
  worker_shell(caf::actor_config& config, const stage& where, worker_state state);

  const char* name() const override { return "troupe.worker"; }
  behavior_type make_behavior() override;
  void on_exit() override;
  void on_timer() override;

 private:
  template <class Command>
  auto receive(void (worker_shell::*handle)(Command&));
  template <class Command>
  void fail(Command& command);
  template <class Command>
  void tell_successor(Command& command);
  void seen(worker_seen& command);
  void claimed(worker_claimed& command);
  void show(get_worker& command);
  void quarantine(quarantine_worker& command);
  void declare(declare_worker& command);
  void lost(worker_lost& command);
  void check(check_worker& command);
  void describe(describe_worker& command);
  void note_all(note_workers& command);
  void write_now(write_workers& command);
  void announce(timestamp at);
  void note();
  void write_soon();
  void write();
  void erase();
  void rest_later();

  const stage& stage_;
  worker_state state_;
  commit_number last_commit_ = 0;
  timer_id timer_ = 0;
  std::uint32_t received_ = 0;  // of its directory, but for what all are told
  bool unwritten_ = false;      // the timer is the next write then, and the time to rest otherwise
  bool announced_ = false;      // register and pool know that it is there
  bool failed_ = false;
};

/// The shell that finds the workers of one lane, and loads them.
class worker_directory_shell : public worker_directory_actor::base {
 public:
  worker_directory_shell(caf::actor_config& config, const stage& where,
                         std::function<void()> successor);

  const char* name() const override { return "troupe.worker_directory"; }
  behavior_type make_behavior() override;
  void on_exit() override;

 private:
  struct entry {
    worker_actor actor;
    std::uint32_t sent = 0;
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return hash_text(text); }
  };

  template <class Command>
  auto receive(void (worker_directory_shell::*handle)(Command&));
  template <class Command>
  void route(Command& command);
  template <class Command>
  void load(Command& command);
  template <class Command>
  void tell_all(Command& command);
  void describe(describe_workers& command);
  void ask_row(resp_writer& query, const task_queue_id& queue, const worker_name& worker);
  void read(const task_queue_id& queue, const worker_name& worker);
  void take_loaded(const task_queue_id& queue, const worker_name& worker, const redis_reply& row);
  void let_go(leave_worker& command);
  void replace(worker_failed& command);
  std::string_view key_of(const task_queue_id& queue, const worker_name& worker);

  const stage& stage_;
  service_guard guard_;
  std::string key_;  // room for one key
  std::unordered_map<std::string, entry, text_hash, std::equal_to<>> workers_;
  std::unordered_map<std::string, std::vector<std::function<void()>>> loading_;
};

}  // namespace troupe
