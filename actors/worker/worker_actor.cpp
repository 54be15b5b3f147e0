#include "actors/worker/worker_actor.hpp"

#include "actors/worker/worker_wire.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

#include <hiredis/hiredis.h>

namespace troupe {

worker_shell::worker_shell(caf::actor_config& config, const stage& where, worker_state state)
    : worker_actor::base(config), stage_(where), state_(std::move(state)) {}

template <class Command>
auto worker_shell::receive(void (worker_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    if (failed_) {
      // Its directory has another one by now.
      if constexpr (!std::is_same_v<Command, write_workers>)
        stage_.board.tell(stage_.on, std::move(command));
      return;
    }
    if constexpr (!std::is_same_v<Command, write_workers>)
      ++received_;
    try {
      (this->*handle)(command);
    } catch (...) {
      fail(command);
    }
  };
}

template <class Command>
void worker_shell::fail(Command& command) {
  const auto why = describe_exception(std::current_exception());
  failed_ = true;
  stage_.store().abandon_commit();
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  stage_.board.tell(stage_.on, worker_failed{state_.queue, state_.worker, why});
  if constexpr (answerable<Command>)
    stage_.on.deliver(command.reply, answer{failed_actor("record of the worker", why)});
  else if constexpr (!std::is_same_v<Command, write_workers>)
    stage_.board.tell(stage_.on, std::move(command));
}

worker_shell::behavior_type worker_shell::make_behavior() {
  return {
      receive(&worker_shell::seen),      receive(&worker_shell::claimed),
      receive(&worker_shell::show),      receive(&worker_shell::quarantine),
      receive(&worker_shell::lost),      receive(&worker_shell::write_now),
      [this](leave_worker&) { quit(); },
  };
}

void worker_shell::on_exit() {
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  state_ = {};
}

void worker_shell::on_timer() {
  timer_ = 0;
  if (unwritten_)
    return stage_.on.executor().post(caf::actor_cast<worker_actor>(this), write_workers{});
  if (stage_.store().safe() < last_commit_)
    return rest_later();
  stage_.board.tell(stage_.on, leave_worker{state_.queue, state_.worker, received_});
}

void worker_shell::seen(worker_seen& command) {
  on_seen(state_, command.at);
  announce(command.at);
  write_soon();
}

void worker_shell::claimed(worker_claimed& command) {
  const bool changed = on_claimed(state_, command);
  if (command.at.ms != 0)
    announce(command.at);
  if (changed)
    write_soon();
  else
    rest_later();
}

void worker_shell::show(get_worker& command) {
  rest_later();
  stage_.on.deliver(command.reply, is_shown(state_, stage_.on.now())
                                       ? answer{worker_text(state_)}
                                       : answer{unknown_worker(state_)});
}

// Unlike sightings this is somebody's will: it is written before it is answered.
void worker_shell::quarantine(quarantine_worker& command) {
  rest_later();
  if (auto taken = on_quarantine(state_, command, stage_.on.now()); !taken)
    return stage_.on.deliver(command.reply, answer{std::move(taken).error()});
  write();
  stage_.board.tell(stage_.on, set_quarantine{state_.queue, state_.worker, command.until});
  stage_.store().answer(last_commit_, command.reply, answer{worker_text(state_)});
}

void worker_shell::lost(worker_lost& command) {
  rest_later();
  announced_ = false;
  stage_.board.tell(stage_.on,
                    remove_worker{state_.queue, state_.worker, std::move(command.reason)});
}

void worker_shell::write_now(write_workers&) {
  if (unwritten_)
    write();
}

// The first time since it was loaded, or since it was lost.
void worker_shell::announce(timestamp at) {
  if (std::exchange(announced_, true))
    return;
  stage_.board.tell(stage_.on, enlist_worker{state_.queue, state_.worker});
  stage_.board.tell_pool(stage_.on, worker_seen{state_.queue, state_.worker, at});
}

void worker_shell::write_soon() {
  if (std::exchange(unwritten_, true))
    return;
  stage_.on.cancel_timer(timer_);
  timer_ = stage_.on.add_timer(stage_.on.now() + stage_.parts.worker_write_interval, *this);
}

void worker_shell::write() {
  const auto prefix =
      shard_key_prefix(shard_of_worker(state_.queue.text, state_.worker.group, state_.worker.id));
  const auto key = worker_key(state_.queue, state_.worker);
  auto& commands = stage_.store().begin_commit();
  commands.command("HSET", resp_writer::joined{prefix, "worker:", key}, worker_fields[0],
                   state_.expires.ms, worker_fields[1], state_.first_claim.ms, worker_fields[2],
                   state_.last_active.ms, worker_fields[3], state_.quarantine_until.ms,
                   worker_fields[4], quarantines_text(state_), worker_fields[5],
                   recent_text(state_));
  commands.command("ZADD", resp_writer::joined{prefix, "worker-expiry", {}}, state_.expires.ms,
                   key);
  const resp_writer::joined quarantine{prefix, "quarantine", {}};
  if (state_.quarantine_until > stage_.on.now())
    commands.command("ZADD", quarantine, state_.quarantine_until.ms, key);
  else if (!state_.quarantines.empty())
    commands.command("ZREM", quarantine, key);
  last_commit_ = stage_.store().end_commit();
  unwritten_ = false;
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  rest_later();
}

void worker_shell::rest_later() {
  if (unwritten_)
    return;
  stage_.on.cancel_timer(timer_);
  const auto& parts = stage_.parts;
  timer_ = stage_.on.add_timer(
      stage_.on.now() + (state_.is_known() ? parts.worker_quiet_time : parts.quiet_time), *this);
}

// -- directory ------------------------------------------------------------------------------------

worker_directory_shell::worker_directory_shell(caf::actor_config& config, const stage& where,
                                               std::function<void()> successor)
    : worker_directory_actor::base(config),
      stage_(where),
      guard_(where.on, where.board, "worker directory of lane " + std::to_string(where.on.index()),
             std::move(successor)) {}

template <class Command>
auto worker_directory_shell::receive(void (worker_directory_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    guard_.run(command, [this, handle](Command& c) { (this->*handle)(c); });
  };
}

worker_directory_shell::behavior_type worker_directory_shell::make_behavior() {
  using self = worker_directory_shell;
  return {
      receive(&self::route<worker_seen>),
      receive(&self::route<worker_claimed>),
      receive(&self::route<get_worker>),
      receive(&self::route<quarantine_worker>),
      receive(&self::route<worker_lost>),
      receive(&self::write_all),
      receive(&self::let_go),
      receive(&self::enlist),
      receive(&self::replace),
  };
}

void worker_directory_shell::on_exit() {
  guard_.hold();
  for (auto& [key, waiting] : loading_)
    for (auto& again : waiting)
      again();
  loading_.clear();
  guard_.hand_back();
  for (auto& [key, known] : workers_)
    act::dismiss(stage_.on.executor(), known.actor);
  workers_.clear();
}

std::string_view worker_directory_shell::key_of(const task_queue_id& queue,
                                                const worker_name& worker) {
  key_.assign(queue.text).append(1, '/').append(worker.group).append(1, '/').append(worker.id);
  return key_;
}

template <class Command>
void worker_directory_shell::route(Command& command) {
  const auto found = workers_.find(key_of(command.queue, command.worker));
  if (found == workers_.end())
    return load(command);
  ++found->second.sent;
  stage_.on.executor().post(found->second.actor, std::move(command));
}

// Commands for a worker that is on its way from Redis wait for it.
template <class Command>
void worker_directory_shell::load(Command& command) {
  const auto queue = command.queue;
  const auto worker = command.worker;
  const auto [at, first] = loading_.try_emplace(key_);
  at->second.push_back([this, kept = std::move(command)]() mutable {
    guard_.run(kept, [this](Command& c) { route(c); });
  });
  if (first)
    read(queue, worker);
}

void worker_directory_shell::read(const task_queue_id& queue, const worker_name& worker) {
  resp_writer query;
  query.begin(2 + worker_fields.size());
  query.argument("HMGET");
  query.argument(
      resp_writer::joined{shard_key_prefix(shard_of_worker(queue.text, worker.group, worker.id)),
                          "worker:", key_of(queue, worker)});
  for (const auto field : worker_fields)
    query.argument(field);
  auto self = caf::actor_cast<worker_directory_actor>(this);
  stage_.store().query(query, [this, self, queue, worker](std::vector<redis_reply>& replies) {
    take_loaded(queue, worker, replies.front());
  });
}

void worker_directory_shell::take_loaded(const task_queue_id& queue, const worker_name& worker,
                                         const redis_reply& row) {
  const std::string key{key_of(queue, worker)};
  auto waiting = loading_.extract(key);
  if (waiting.empty())
    return;  // this directory failed meanwhile, and what waited is with its successor
  guard_.attempt([&] {
    std::array<std::string_view, worker_fields.size()> values;
    for (std::size_t i = 0; i < values.size() && i < row.size(); ++i)
      values[i] = text_of(row.at(i));
    workers_[key].actor =
        spawn<worker_shell, caf::lazy_init>(stage_, read_worker(queue, worker, values));
  });
  for (auto& again : waiting.mapped())
    again();
}

void worker_directory_shell::enlist(enlist_worker& command) {
  auto& commands = stage_.store().begin_commit();
  const auto member = command.worker.group + "/" + command.worker.id;
  commands.command("ZADD",
                   resp_writer::joined{shard_key_prefix(shard_of(command.queue.text)),
                                       "workers:", command.queue.text},
                   0, member);
  stage_.store().end_commit();
}

void worker_directory_shell::write_all(write_workers&) {
  for (auto& [key, known] : workers_)
    stage_.on.executor().post(known.actor, write_workers{});
}

void worker_directory_shell::let_go(leave_worker& command) {
  const auto found = workers_.find(key_of(command.queue, command.worker));
  if (found == workers_.end() || found->second.sent != command.received)
    return;
  stage_.on.executor().post(found->second.actor, std::move(command));
  workers_.erase(found);
}

void worker_directory_shell::replace(worker_failed& command) {
  const std::string key{key_of(command.queue, command.worker)};
  const auto found = workers_.find(key);
  if (found == workers_.end())
    return;
  act::dismiss(stage_.on.executor(), found->second.actor);
  workers_.erase(found);
  const auto pause = stage_.on.supervisor().one_failed("record of worker", key, command.why);
  loading_[key];
  auto self = caf::actor_cast<worker_directory_actor>(this);
  stage_.on.supervisor().after(pause, [this, self, queue = command.queue, worker = command.worker] {
    // What the failed one had written is to be read.
    stage_.store().when_safe(stage_.store().last(),
                             [this, self, queue, worker] { read(queue, worker); });
  });
}

}  // namespace troupe
