// Unresolved tasks that wait long are in Redis only: how they go there, and how they come back.

#include "actors/task/task_actor_announcement.hpp"
#include "actors/task/task_wire.hpp"
#include "actors/task_shard/task_shard_actor.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/memory.hpp"

namespace troupe {

namespace {

constexpr std::size_t rows_per_query = 256;
// When so many of a lane have left it, there is memory worth giving back.
constexpr std::size_t many_left = 512;
thread_local std::size_t left_since = 0;
// So many come back at a time when their time has come.
constexpr std::size_t most_woken = 64;

}  // namespace

void task_shard_shell::let_rest(offer_rest& command) {
  const auto found = tasks_.find(command.task);
  if (found == tasks_.end() || found->second.sent != command.received)
    return;
  stage_.on.executor().post(found->second.actor, leave_stage{command.task});
  tasks_.erase(found);
  resting_.add(command.task, command.due, command.alone);
  arm_wake();
  if (++left_since < many_left)
    return;
  left_since = 0;
  give_back_memory();
}

void task_shard_shell::resume_resting(const task_state& outline) {
  if (tasks_.contains(outline.id) || loading_.contains(outline.id))
    return;  // a message of another lane came first, and it announces itself when it is loaded
  stage_.on.raise_unique_us(outline.enqueued_us);
  announce_to_group(stage_, outline);
  announce_to_queue(stage_, outline);
  const auto now = stage_.on.now();
  const auto due = next_timer(outline, now, stage_.parts.task).value_or(now);
  resting_.add(outline.id, outline.definition->deadline < now ? now : due);
  arm_wake();
}

// A time that only became later costs a message for nothing, and needs no timer of its own.
void task_shard_shell::arm_wake() {
  const auto due = resting_.first_due();
  if (!due || (wake_timer_ != 0 && wake_at_ <= *due))
    return;
  stage_.on.cancel_timer(wake_timer_);
  wake_at_ = *due;
  wake_timer_ = stage_.on.add_timer(*due, wake_alarm_);
}

// They come back to do what is due: a little at a time, so that others come in between.
void task_shard_shell::wake(wake_resting&) {
  for (const auto& id : resting_.take_due(stage_.on.now(), most_woken)) {
    const auto [at, first] = loading_.try_emplace(id);
    at->second.push_back([this, id] {
      if (const auto found = tasks_.find(id); found != tasks_.end())
        stage_.on.executor().post(found->second.actor, task_timer_fired{id});
    });
    if (first)
      read(id);
  }
  arm_wake();
}

// What resting tasks have to tell is read page by page.
void task_shard_shell::tell_of_resting(std::vector<task_id> ids, const call_roll& command) {
  if (ids.empty())
    return finish_roll(command);
  std::vector<task_id> page;
  resp_writer rows;
  const auto prefix = shard_key_prefix(number_);
  for (; !ids.empty() && page.size() < rows_per_query; ids.pop_back()) {
    rows.command("HMGET", resp_writer::joined{prefix, "task:", ids.back().view()}, "status", "x");
    page.push_back(ids.back());
  }
  auto self = caf::actor_cast<task_shard_actor>(this);
  stage_.store().query(
      rows, [this, self, page, left = std::move(ids), command](std::vector<redis_reply>& replies) {
        guard_.attempt([&] {
          for (std::size_t i = 0; i < page.size(); ++i)
            tell_of_one(replies[i], page[i], command);
          tell_of_resting(left, command);
        });
      });
}

void task_shard_shell::tell_of_one(const redis_reply& row, const task_id& id,
                                   const call_roll& command) {
  const answer_roll ask{id, command.of, command.lane};
  if (const auto found = tasks_.find(id); found != tasks_.end())  // it came back meanwhile
    return ask_again(found->second, ask);
  if (const auto loading = loading_.find(id); loading != loading_.end())
    return loading->second.push_back([this, id, ask] {
      if (const auto found = tasks_.find(id); found != tasks_.end())
        ask_again(found->second, ask);
    });
  const auto outline = resting_.contains(id) && row.size() == 2
                           ? read_outline(id, text_of(row.at(0)), text_of(row.at(1)))
                           : std::nullopt;
  if (!outline)
    return;
  const bool of_queues = command.of == roll_caller::queues;
  const auto& owner = of_queues ? std::string_view{outline->definition->queue.text}
                                : outline->definition->group.view();
  if (lane_of_shard(shard_of(owner), stage_.on.lane_count()) != command.lane)
    return;
  of_queues ? announce_to_queue(stage_, *outline) : announce_to_group(stage_, *outline);
}

void task_shard_shell::finish_roll(const call_roll& command) {
  // Behind what the tasks tell.
  stage_.on.post([&where = stage_,
                  answer = roll_called{command.lane, command.of, command.shard, command.number}] {
    where.board.tell(where.on, answer);
  });
}

}  // namespace troupe
