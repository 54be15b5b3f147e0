#include "actors/worker/worker_actor.hpp"

#include "actors/worker/worker_wire.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

namespace troupe {

worker_shell::worker_shell(caf::actor_config& config, const stage& where, worker_state state)
    : worker_actor::base(config), stage_(where), state_(std::move(state)) {}

namespace {

// Told to all workers of a lane, not to one: nobody counts it, and nobody else needs it.
template <class Command>
constexpr bool is_for_all =
    std::is_same_v<Command, write_workers> || std::is_same_v<Command, note_workers>;

}  // namespace

template <class Command>
auto worker_shell::receive(void (worker_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    if (failed_) {
      // Its directory has another one by now.
      tell_successor(command);
      return;
    }
    if constexpr (!is_for_all<Command>)
      ++received_;
    try {
      (this->*handle)(command);
    } catch (...) {
      fail(command);
    }
  };
}

template <class Command>
void worker_shell::tell_successor(Command& command) {
  if constexpr (!is_for_all<Command>)
    stage_.board.tell(stage_.on, std::move(command));
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
  else
    tell_successor(command);
}

worker_shell::behavior_type worker_shell::make_behavior() {
  return {
      receive(&worker_shell::seen),      receive(&worker_shell::claimed),
      receive(&worker_shell::show),      receive(&worker_shell::quarantine),
      receive(&worker_shell::declare),   receive(&worker_shell::lost),
      receive(&worker_shell::check),     receive(&worker_shell::describe),
      receive(&worker_shell::note_all),  receive(&worker_shell::write_now),
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
  note();
  stage_.store().answer(last_commit_, command.reply, answer{worker_text(state_)});
}

// The queue's record is written, too, before the call is answered.
void worker_shell::declare(declare_worker& command) {
  rest_later();
  const auto now = stage_.on.now();
  if (auto taken = on_declared(state_, command.expires, now); !taken)
    return stage_.on.deliver(command.reply, answer{std::move(taken).error()});
  announce(now);
  note();
  write();
  stage_.board.tell(stage_.on, queue_declared{state_.queue, now, command.expires,
                                              worker_text(state_), command.reply});
}

// The register goes by what it was told last, so the time may not have come after all.
void worker_shell::check(check_worker& command) {
  rest_later();
  const bool over = command.as_of.ms != 0
                        ? is_over(state_, command.as_of, {})
                        : is_over(state_, stage_.on.now(), stage_.parts.expiration_delay);
  if (over)
    erase();
  note();
  stage_.store().answer(last_commit_, command.reply,
                        answer{std::string{over ? R"({"removed":1})" : R"({"removed":0})"}});
}

void worker_shell::describe(describe_worker& command) {
  rest_later();
  const auto now = stage_.on.now();
  workers_described result{state_.queue, command.number, false, {}};
  result.texts.emplace_back(command.place, is_listed(state_, command.quarantined, now)
                                               ? listed_worker_text(state_, now)
                                               : std::string{});
  stage_.board.tell(stage_.on, std::move(result));
}

void worker_shell::note_all(note_workers&) {
  if (state_.is_known())
    note();
}

void worker_shell::note() {
  stage_.board.tell(stage_.on, worker_noted{state_.queue, state_.worker, due_of(state_),
                                            state_.quarantine_until});
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
  note();
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
  commands.command("ZADD", resp_writer::joined{prefix, "worker-expiry", {}}, due_of(state_).ms,
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

// Its time is over: whoever is seen under this name from now on is another worker.
void worker_shell::erase() {
  const auto prefix =
      shard_key_prefix(shard_of_worker(state_.queue.text, state_.worker.group, state_.worker.id));
  const auto key = worker_key(state_.queue, state_.worker);
  auto& commands = stage_.store().begin_commit();
  commands.command("DEL", resp_writer::joined{prefix, "worker:", key});
  commands.command("ZREM", resp_writer::joined{prefix, "worker-expiry", {}}, key);
  commands.command("ZREM", resp_writer::joined{prefix, "quarantine", {}}, key);
  last_commit_ = stage_.store().end_commit();
  worker_state unknown;
  unknown.queue = std::move(state_.queue);
  unknown.worker = std::move(state_.worker);
  state_ = std::move(unknown);
  announced_ = false;
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

}  // namespace troupe
