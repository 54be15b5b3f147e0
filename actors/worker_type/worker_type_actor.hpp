#pragma once

#include "actors/company/stage.hpp"
#include "actors/worker_type/worker_type_rules.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_guard.hpp"

#include <functional>
#include <string>
#include <unordered_map>

namespace troupe {

/// The shell of one worker pool: hears of the demand of its queue, and tells its provisioner to
/// start and stop workers. It keeps nothing in Redis: the queue and the provisioner know it all.
class worker_type_shell : public worker_type_actor::base, public timer_target {
 public:
  worker_type_shell(caf::actor_config& config, const stage& where, pool_settings settings);

  const char* name() const override { return "troupe.worker_type"; }
  behavior_type make_behavior() override;
  void on_exit() override;
  void on_timer() override;

 private:
  template <class Command>
  auto receive(worker_type_decision (worker_type_shell::*decide)(const Command&));
  worker_type_decision demand(const demand_changed& command);
  worker_type_decision seen(const worker_seen& command);
  worker_type_decision retired(const workers_retired& command);
  worker_type_decision removed(const worker_removed& command);
  worker_type_decision exited(const worker_exited& command);
  worker_type_decision reported(const workers_reported& command);
  worker_type_decision watch(const watch_queues& command);
  worker_type_decision explain(const explain_pool& command);
  worker_type_decision time_came(const pool_timer_fired& command);
  void carry_out(const worker_type_decision& decision);
  void arm_timer();
  worker_name full_name(const std::string& id) const;

  const stage& stage_;
  worker_type_state state_;
  timer_id timer_ = 0;
  timestamp armed_for_;
  bool failed_ = false;
};

/// The shell that finds the pools of one lane, which are those of its queues.
class pool_directory_shell : public pool_directory_actor::base {
 public:
  pool_directory_shell(caf::actor_config& config, const stage& where,
                       std::function<void()> successor);

  const char* name() const override { return "troupe.pool_directory"; }
  behavior_type make_behavior() override;
  void on_exit() override;

 private:
  template <class Command>
  void route(const task_queue_id& pool, Command& command);
  template <class Command>
  auto receive(task_queue_id Command::*pool);
  void explain(explain_pool& command);
  void open();
  void replace(pool_failed& command);

  const stage& stage_;
  service_guard guard_;
  std::unordered_map<task_queue_id, worker_type_actor> pools_;
};

}  // namespace troupe
