#include "actors/worker_type/worker_type_actor.hpp"

#include "runtime/lane/caf_compat.hpp"
#include "runtime/log/log.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

namespace troupe {

worker_type_shell::worker_type_shell(caf::actor_config& config, const stage& where,
                                     pool_settings settings)
    : worker_type_actor::base(config), stage_(where) {
  state_.settings = std::move(settings);
}

// All that a pool knows others tell it again, so whatever comes after a failure can be dropped.
template <class Command>
auto worker_type_shell::receive(worker_type_decision (worker_type_shell::*decide)(const Command&)) {
  return [this, decide](Command& command) {
    if (failed_)
      return;
    try {
      carry_out((this->*decide)(command));
    } catch (...) {
      failed_ = true;
      stage_.board.tell(
          stage_.on, pool_failed{state_.settings.id, describe_exception(std::current_exception())});
    }
  };
}

worker_type_shell::behavior_type worker_type_shell::make_behavior() {
  return {
      receive(&worker_type_shell::demand),    receive(&worker_type_shell::seen),
      receive(&worker_type_shell::retired),   receive(&worker_type_shell::removed),
      receive(&worker_type_shell::exited),    receive(&worker_type_shell::reported),
      receive(&worker_type_shell::watch),     receive(&worker_type_shell::explain),
      receive(&worker_type_shell::time_came),
  };
}

void worker_type_shell::on_exit() {
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  state_ = {};
}

void worker_type_shell::on_timer() {
  timer_ = 0;
  stage_.on.executor().post(caf::actor_cast<worker_type_actor>(this),
                            pool_timer_fired{state_.settings.id});
}

worker_type_decision worker_type_shell::demand(const demand_changed& command) {
  return on_demand(state_, command, stage_.on.now());
}

worker_type_decision worker_type_shell::seen(const worker_seen& command) {
  if (command.worker.group != state_.settings.worker_group)
    return {};
  return on_worker_seen(state_, command.worker.id, stage_.on.now());
}

worker_type_decision worker_type_shell::retired(const workers_retired& command) {
  return on_retired(state_, command, stage_.on.now());
}

worker_type_decision worker_type_shell::removed(const worker_removed& command) {
  if (command.worker.group != state_.settings.worker_group)
    return {};
  return on_removed(state_, command.worker.id, stage_.on.now());
}

worker_type_decision worker_type_shell::exited(const worker_exited& command) {
  return on_exited(state_, command.worker.id, command.clean, command.how, stage_.on.now());
}

worker_type_decision worker_type_shell::reported(const workers_reported& command) {
  return on_reported(state_, command, stage_.on.now());
}

worker_type_decision worker_type_shell::watch(const watch_queues&) {
  const auto& settings = state_.settings;
  stage_.board.tell(stage_.on, watch_demand{settings.id});
  stage_.board.tell(stage_.on, report_workers{settings.provider, settings.id});
  return {};
}

worker_type_decision worker_type_shell::time_came(const pool_timer_fired&) {
  return on_pool_timer(state_, stage_.on.now());
}

worker_type_decision worker_type_shell::explain(const explain_pool& command) {
  stage_.on.deliver(command.reply, answer{explanation_text(state_)});
  return {};
}

void worker_type_shell::carry_out(const worker_type_decision& decision) {
  auto& board = stage_.board;
  auto& on = stage_.on;
  const auto& settings = state_.settings;
  if (!decision.warning.empty())
    log_message(severity::warning, decision.warning);
  for (const auto& id : decision.lost)
    board.tell(on, worker_lost{settings.id, full_name(id), "the worker ended"});
  for (const auto& id : decision.stop)
    board.tell(on, stop_worker{settings.provider, settings.id, full_name(id)});
  for (const auto& id : decision.start)
    board.tell(on, start_worker{settings.provider, settings.id, full_name(id),
                                settings.capacity_per_worker});
  if (decision.retire > 0) {
    retire_workers command{settings.id, decision.retire, {}};
    for (const auto& id : decision.retire_among)
      command.among.push_back(full_name(id));
    board.tell(on, std::move(command));
  }
  arm_timer();
}

void worker_type_shell::arm_timer() {
  const auto due = next_pool_timer(state_);
  if (timer_ != 0 && due && *due == armed_for_)
    return;
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  if (!due)
    return;
  armed_for_ = *due;
  timer_ = stage_.on.add_timer(*due, *this);
}

worker_name worker_type_shell::full_name(const std::string& id) const {
  return {state_.settings.worker_group, id};
}

// -- directory ------------------------------------------------------------------------------------

pool_directory_shell::pool_directory_shell(caf::actor_config& config, const stage& where,
                                           std::function<void()> successor)
    : pool_directory_actor::base(config),
      stage_(where),
      guard_(where.on, where.board, "pool directory of lane " + std::to_string(where.on.index()),
             std::move(successor)) {}

template <class Command>
auto pool_directory_shell::receive(task_queue_id Command::*pool) {
  return [this, pool](Command& command) {
    guard_.run(command, [this, pool](Command& c) { route(c.*pool, c); });
  };
}

pool_directory_shell::behavior_type pool_directory_shell::make_behavior() {
  return {
      receive(&demand_changed::queue),
      receive(&worker_seen::queue),
      receive(&workers_retired::queue),
      receive(&worker_removed::queue),
      receive(&worker_exited::pool),
      receive(&workers_reported::pool),
      [this](watch_queues& c) { guard_.run(c, [this](watch_queues&) { open(); }); },
      [this](explain_pool& c) { guard_.run(c, [this](explain_pool& of) { explain(of); }); },
      receive(&pool_timer_fired::pool),
      [this](pool_failed& c) { guard_.run(c, [this](pool_failed& of) { replace(of); }); },
  };
}

void pool_directory_shell::on_exit() {
  guard_.hand_back();
  for (auto& [id, pool] : pools_)
    act::dismiss(stage_.on.executor(), pool);
  pools_.clear();
}

// Most queues have no pool.
template <class Command>
void pool_directory_shell::route(const task_queue_id& pool, Command& command) {
  if (const auto found = pools_.find(pool); found != pools_.end())
    stage_.on.executor().post(found->second, std::move(command));
}

void pool_directory_shell::explain(explain_pool& command) {
  if (pools_.contains(command.pool))
    return route(command.pool, command);
  stage_.on.deliver(command.reply, answer{std::string{"null"}});
}

void pool_directory_shell::open() {
  for (const auto& settings : stage_.parts.pools) {
    const auto shard = shard_of(settings.id.text);
    if (lane_of_shard(shard, stage_.on.lane_count()) != stage_.on.index())
      continue;
    auto& pool = pools_[settings.id];
    if (!pool)
      pool = spawn<worker_type_shell, caf::lazy_init>(stage_, settings);
    stage_.on.executor().post(pool, watch_queues{});
  }
}

void pool_directory_shell::replace(pool_failed& command) {
  const auto found = pools_.find(command.pool);
  if (found == pools_.end())
    return;
  const auto pause =
      stage_.on.supervisor().one_failed("worker pool", command.pool.text, command.why);
  act::dismiss(stage_.on.executor(), found->second);
  pools_.erase(found);
  auto self = caf::actor_cast<pool_directory_actor>(this);
  stage_.on.supervisor().after(pause, [this, self] {
    if (!guard_.failed())
      guard_.attempt([this] { open(); });
  });
}

}  // namespace troupe
