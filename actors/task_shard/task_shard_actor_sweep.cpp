// How a shard finds what has had its time: artifacts, which their tasks remove, tasks, which it
// removes itself, and groups, which their directory does.

#include "actors/task/artifact_rules.hpp"
#include "actors/task_shard/task_shard_actor.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/log/log.hpp"

namespace troupe {

namespace {

constexpr std::size_t tasks_per_batch = 100;
constexpr std::size_t groups_per_batch = 1000;

}  // namespace

void task_shard_shell::on_timer() {
  sweep_timer_ = 0;
  stage_.on.executor().post(caf::actor_cast<task_shard_actor>(this), sweep_artifacts{number_});
}

void task_shard_shell::sweep(sweep_artifacts&) {
  arm_sweep();
  if (!may_begin(sweep_))
    return;
  serves_asked_ = false;  // one that hangs begins anew
  if (!asked_.empty())
    return begin_asked_sweep();
  begin_sweep(sweep_, stage_.on.now(), stage_.parts.expiration_delay);
  read_expired();
  find_expired_tasks({stage_.on.now() - stage_.parts.expiration_delay, {}});
  find_expired_groups();
}

// What somebody wants to be removed now.
void task_shard_shell::expire(expire_now& command) {
  if (command.what == expiry_of::tasks)
    return find_expired_tasks({command.as_of, command.reply});
  asked_.push_back(command);
  if (sweep_.idle())
    begin_asked_sweep();
}

void task_shard_shell::begin_asked_sweep() {
  serves_asked_ = true;
  begin_sweep(sweep_, asked_.front().as_of, {});
  read_expired();
}

void task_shard_shell::arm_sweep() {
  if (sweep_timer_ == 0)
    sweep_timer_ =
        stage_.on.add_timer(stage_.on.now() + sweep_interval(stage_.parts.expiration_delay), *this);
}

void task_shard_shell::read_expired() {
  resp_writer query;
  query.command("ZRANGEBYSCORE",
                resp_writer::joined{shard_key_prefix(number_), "artifact-expiry", {}}, "-inf",
                sweep_.due.ms, "LIMIT", sweep_.offset(), artifact_batch);
  auto self = caf::actor_cast<task_shard_actor>(this);
  // What was removed before must not be found again.
  stage_.store().when_safe(stage_.store().last(), [this, self, query] {
    stage_.store().query(query, [this, self](std::vector<redis_reply>& replies) {
      guard_.attempt([&] { take_expired_keys(replies.front()); });
    });
  });
}

void task_shard_shell::take_expired_keys(const redis_reply& keys) {
  std::vector<expire_artifact> all;
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (auto command = read_artifact_key(text_of(keys.at(i))))
      all.push_back(std::move(*command));
  const auto step = take_batch(sweep_, keys.size(), all.size());
  for (auto& command : all) {
    command.sweep = sweep_.number;
    command.due = sweep_.due;
    stage_.board.tell(stage_.on, std::move(command));
  }
  go_on_sweeping(step);
}

void task_shard_shell::artifact_done(artifact_expired& command) {
  go_on_sweeping(take_expired(sweep_, command));
}

void task_shard_shell::go_on_sweeping(sweep_step step) {
  if (step == sweep_step::read_batch)
    read_expired();
  else if (step == sweep_step::finish)
    finish_sweep();
}

void task_shard_shell::finish_sweep() {
  if (sweep_.removed + sweep_.failed > 0)
    log_record(sweep_.failed == 0 ? severity::notice : severity::error, "expired-artifacts-removed",
               {{"count", sweep_.removed},
                {"errorsCount", sweep_.failed},
                {"expires", to_iso(sweep_.due)},
                {"v", 2}},
               "queue");
  if (std::exchange(serves_asked_, false)) {
    const auto reply = asked_.front().reply;
    asked_.pop_front();
    stage_.store().answer(stage_.store().last(), reply,
                          answer{"{\"removed\":" + std::to_string(sweep_.removed) + "}"});
  }
  if (!asked_.empty())
    begin_asked_sweep();
}

// -- tasks ----------------------------------------------------------------------------------------

void task_shard_shell::find_expired_tasks(task_sweep search) {
  resp_writer query;
  query.command("ZRANGEBYSCORE", resp_writer::joined{shard_key_prefix(number_), "expiry", {}},
                "-inf", search.due.ms, "LIMIT", search.offset, tasks_per_batch);
  auto self = caf::actor_cast<task_shard_actor>(this);
  stage_.store().when_safe(stage_.store().last(), [this, self, query, search] {
    stage_.store().query(query, [this, self, search](std::vector<redis_reply>& replies) {
      guard_.attempt([&] {
        std::vector<task_id> due;
        for (std::size_t i = 0; i < replies.front().size(); ++i)
          if (const auto id = task_id::parse(text_of(replies.front().at(i))))
            due.push_back(*id);
        take_expired_tasks(std::move(due), search);
      });
    });
  });
}

void task_shard_shell::take_expired_tasks(std::vector<task_id> due, task_sweep search) {
  if (due.empty()) {
    stage_.store().answer(stage_.store().last(), search.reply,
                          answer{"{\"removed\":" + std::to_string(search.removed) + "}"});
    return;
  }
  if (!search.reply)
    return ask_about(std::move(due), search);
  // Somebody waits: those that are in memory and quiet are to leave before.
  for (const auto& id : due)
    if (const auto found = tasks_.find(id); found != tasks_.end())
      stage_.on.executor().post(found->second.actor, task_timer_fired{id});
  auto self = caf::actor_cast<task_shard_actor>(this);
  stage_.on.post([this, self, due = std::move(due), search] {
    guard_.attempt([&] { ask_about(due, search); });
  });
}

// A task that has artifacts still, or has told nobody yet of its end, goes the next time.
void task_shard_shell::ask_about(std::vector<task_id> due, task_sweep search) {
  resp_writer query;
  const auto prefix = shard_key_prefix(number_);
  for (const auto& id : due) {
    query.command("EXISTS", resp_writer::joined{prefix, "artifacts:", id.view()});
    query.command("SISMEMBER", resp_writer::joined{prefix, "live", {}}, id.view());
  }
  auto self = caf::actor_cast<task_shard_actor>(this);
  stage_.store().query(query, [this, self, due, search](std::vector<redis_reply>& replies) {
    guard_.attempt([&] {
      auto next = search;
      for (std::size_t i = 0; i < due.size(); ++i) {
        const bool rests = replies[2 * i].integer() == 0 && replies[2 * i + 1].integer() == 0;
        // One that is in memory was asked for just now, and leaves soon.
        if (rests && !tasks_.contains(due[i]) && !loading_.contains(due[i])) {
          remove(due[i]);
          ++next.removed;
        } else {
          ++next.offset;
        }
      }
      if (due.size() == tasks_per_batch)
        find_expired_tasks(next);
      else
        take_expired_tasks({}, next);
    });
  });
}

void task_shard_shell::remove(const task_id& id) {
  const auto prefix = shard_key_prefix(number_);
  auto& commands = stage_.store().begin_commit();
  commands.command("DEL", resp_writer::joined{prefix, "task:", id.view()},
                   resp_writer::joined{prefix, "edges:", id.view()});
  commands.command("ZREM", resp_writer::joined{prefix, "expiry", {}}, id.view());
  stage_.store().end_commit();
  known_.erase(hash_text(id.view()));
}

// -- groups ---------------------------------------------------------------------------------------

void task_shard_shell::find_expired_groups() {
  resp_writer query;
  query.command("ZRANGEBYSCORE", resp_writer::joined{shard_key_prefix(number_), "group-expiry", {}},
                "-inf", (stage_.on.now() - stage_.parts.expiration_delay).ms, "LIMIT", 0,
                groups_per_batch);
  auto self = caf::actor_cast<task_shard_actor>(this);
  stage_.store().query(query, [this, self](std::vector<redis_reply>& replies) {
    guard_.attempt([&] {
      for (std::size_t i = 0; i < replies.front().size(); ++i)
        if (const auto id = task_group_id::parse(text_of(replies.front().at(i))))
          stage_.board.tell(stage_.on, expire_group{*id});
    });
  });
}

}  // namespace troupe
