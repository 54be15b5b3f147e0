// Finds the workers of a lane, loads them, and tells how they are listed.

#include "actors/worker/worker_actor.hpp"
#include "actors/worker/worker_wire.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

#include <hiredis/hiredis.h>

namespace troupe {

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
      receive(&self::route<declare_worker>),
      receive(&self::route<worker_lost>),
      receive(&self::route<check_worker>),
      receive(&self::route<describe_worker>),
      receive(&self::tell_all<note_workers>),
      receive(&self::tell_all<write_workers>),
      receive(&self::let_go),
      receive(&self::describe),
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

void worker_directory_shell::ask_row(resp_writer& query, const task_queue_id& queue,
                                     const worker_name& worker) {
  query.begin(2 + worker_fields.size());
  query.argument("HMGET");
  query.argument(
      resp_writer::joined{shard_key_prefix(shard_of_worker(queue.text, worker.group, worker.id)),
                          "worker:", key_of(queue, worker)});
  for (const auto field : worker_fields)
    query.argument(field);
}

namespace {

worker_state read_row(const task_queue_id& queue, const worker_name& worker,
                      const redis_reply& row) {
  std::array<std::string_view, worker_fields.size()> values;
  for (std::size_t i = 0; i < values.size() && i < row.size(); ++i)
    values[i] = text_of(row.at(i));
  return read_worker(queue, worker, values);
}

}  // namespace

void worker_directory_shell::read(const task_queue_id& queue, const worker_name& worker) {
  resp_writer query;
  ask_row(query, queue, worker);
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
    workers_[key].actor = spawn<worker_shell, caf::lazy_init>(stage_, read_row(queue, worker, row));
  });
  for (auto& again : waiting.mapped())
    again();
}

// -- all of them, or many -------------------------------------------------------------------------

template <class Command>
void worker_directory_shell::tell_all(Command&) {
  for (auto& [key, known] : workers_)
    stage_.on.executor().post(known.actor, Command{});
}

// Those in memory tell for themselves. The others need not come into it: what Redis holds is all
// there is.
void worker_directory_shell::describe(describe_workers& command) {
  resp_writer query;
  std::vector<std::pair<std::uint32_t, worker_name>> stored;
  for (auto& [place, worker] : command.workers) {
    const auto key = key_of(command.queue, worker);
    if (workers_.find(key) == workers_.end() && loading_.find(std::string{key}) == loading_.end()) {
      ask_row(query, command.queue, worker);
      stored.emplace_back(place, std::move(worker));
      continue;
    }
    describe_worker one{command.queue, std::move(worker), command.number, place,
                        command.quarantined};
    route(one);
  }
  if (stored.empty())
    return;
  auto self = caf::actor_cast<worker_directory_actor>(this);
  auto answer_all = [this, self, stored, queue = command.queue, number = command.number,
                     quarantined = command.quarantined](std::vector<redis_reply>& replies) {
    workers_described result{queue, number, false, {}};
    result.failed = !guard_.attempt([&] {
      const auto now = stage_.on.now();
      for (std::size_t i = 0; i < stored.size(); ++i) {
        const auto state = read_row(queue, stored[i].second, replies.at(i));
        result.texts.emplace_back(stored[i].first, is_listed(state, quarantined, now)
                                                       ? listed_worker_text(state, now)
                                                       : std::string{});
      }
    });
    stage_.board.tell(stage_.on, std::move(result));
  };
  stage_.store().query(query, std::move(answer_all));
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
