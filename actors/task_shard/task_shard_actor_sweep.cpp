// How a shard finds the artifacts that have had their time: their tasks remove them.

#include "actors/task/artifact_rules.hpp"
#include "actors/task_shard/task_shard_actor.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/log/log.hpp"

namespace troupe {

void task_shard_shell::on_timer() {
  sweep_timer_ = 0;
  stage_.on.executor().post(caf::actor_cast<task_shard_actor>(this), sweep_artifacts{number_});
}

void task_shard_shell::sweep(sweep_artifacts&) {
  arm_sweep();
  if (!may_begin(sweep_))
    return;
  begin_sweep(sweep_, stage_.on.now(), stage_.parts.expiration_delay);
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
  else if (step == sweep_step::finish && sweep_.removed + sweep_.failed > 0)
    log_record(sweep_.failed == 0 ? severity::info : severity::error, "expired-artifacts-removed",
               {{"count", sweep_.removed},
                {"errorsCount", sweep_.failed},
                {"expires", to_iso(sweep_.due)},
                {"v", 1}},
               "queue");
}

}  // namespace troupe
