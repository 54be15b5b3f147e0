// Finds the queues of a lane, and puts those together again that failed.

#include "actors/task_queue/task_queue_actor.hpp"
#include "actors/worker/worker_wire.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

#include <hiredis/hiredis.h>

namespace troupe {

namespace {

// What the tasks tell goes to a queue at once, also while others wait for it.
template <class Command>
constexpr bool told_by_tasks =
    std::is_same_v<Command, enqueue_run> || std::is_same_v<Command, dequeue_run> ||
    std::is_same_v<Command, release_run> || std::is_same_v<Command, reprioritise_run> ||
    std::is_same_v<Command, resume_claim> || std::is_same_v<Command, renew_claim> ||
    std::is_same_v<Command, claim_answered> || std::is_same_v<Command, set_quarantine> ||
    std::is_same_v<Command, watch_demand>;

}  // namespace

queue_directory_shell::queue_directory_shell(caf::actor_config& config, const stage& where,
                                             std::function<void()> successor)
    : queue_directory_actor::base(config),
      stage_(where),
      guard_(where.on, where.board, "queue directory of lane " + std::to_string(where.on.index()),
             std::move(successor)),
      roll_(static_cast<std::uint32_t>(where.on.unique_us())) {}

template <class Command>
auto queue_directory_shell::receive(void (queue_directory_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    guard_.run(command, [this, handle](Command& c) { (this->*handle)(c); });
  };
}

queue_directory_shell::behavior_type queue_directory_shell::make_behavior() {
  using self = queue_directory_shell;
  return {
      receive(&self::route<enqueue_run>),
      receive(&self::route<dequeue_run>),
      receive(&self::route<reprioritise_run>),
      receive(&self::route<admit_claim>),
      receive(&self::route<release_run>),
      receive(&self::route<resume_claim>),
      receive(&self::route<renew_claim>),
      receive(&self::route<claim_work>),
      receive(&self::route<withdraw_claim>),
      receive(&self::route<claim_answered>),
      receive(&self::ask<get_queue_counts>),
      receive(&self::ask<list_pending_tasks>),
      receive(&self::ask<list_claimed_tasks>),
      receive(&self::ask<explain_run>),
      receive(&self::route<set_quarantine>),
      receive(&self::watch),
      receive(&self::route<retire_workers>),
      receive(&self::route<remove_worker>),
      receive(&self::route<count_runs>),
      receive(&self::route<queue_timer_fired>),
      receive(&self::measure),
      receive(&self::take_counts),
      receive(&self::replace),
      receive(&self::remember),
      receive(&self::take_place),
  };
}

void queue_directory_shell::on_exit() {
  guard_.hold();
  for (auto& [number, open] : measurings_)
    stage_.on.deliver(open.reply,
                      answer{failed_actor("queue directory", "it ended while it counted")});
  for (auto& [id, queue] : queues_)
    for (auto& again : queue.later)
      again();
  guard_.hand_back();
  for (auto& [id, queue] : queues_)
    act::dismiss(stage_.on.executor(), queue.actor);
  queues_.clear();
}

queue_directory_shell::entry& queue_directory_shell::make(const task_queue_id& id, bool gathering) {
  auto& made = queues_[id];
  made.actor = spawn<task_queue_shell, caf::lazy_init>(stage_, id, watched_.contains(id));
  made.gathering = gathering;
  return made;
}

template <class Command>
void queue_directory_shell::route(Command& command) {
  const auto found = queues_.find(command.queue);
  auto& queue = found == queues_.end() ? make(command.queue, all_gather_) : found->second;
  if constexpr (!told_by_tasks<Command>)
    if (queue.gathering) {
      queue.later.push_back([this, kept = std::move(command)]() mutable {
        guard_.run(kept, [this](Command& c) { route(c); });
      });
      return;
    }
  stage_.on.executor().post(queue.actor, std::move(command));
}

// Asking does not make a queue.
template <class Command>
void queue_directory_shell::ask(Command& command) {
  if (all_gather_ || queues_.contains(command.queue))
    return route(command);
  if constexpr (std::is_same_v<Command, get_queue_counts>) {
    stage_.on.deliver(command.reply, answer{counts_text(command.queue, {}, command.pending_only)});
  } else if constexpr (std::is_same_v<Command, explain_run>) {
    stage_.on.deliver(command.reply, answer{explanation_text({}, {})});
  } else {
    stage_.on.deliver(command.reply, answer{std::string{R"({"tasks":[]})"}});
  }
}

void queue_directory_shell::watch(watch_demand& command) {
  watched_.insert(command.queue);
  route(command);
}

// -- how busy the queues are ----------------------------------------------------------------------

void queue_directory_shell::measure(measure_runs& command) {
  const auto number = next_measuring_++;
  auto& made = measurings_[number];
  made.reply = command.reply;
  for (auto& workers : command.workers) {
    if (!queues_.contains(workers.queue))
      append_measure(made.text, workers.queue, {}, workers);
    else
      made.rows.emplace(workers.queue, std::move(workers));
  }
  for (auto& [id, queue] : queues_) {
    made.rows.try_emplace(id);
    count_runs question{id, number};
    route(question);
  }
  finish_measuring(number);
}

void queue_directory_shell::take_counts(runs_counted& command) {
  const auto found = measurings_.find(command.number);
  if (found == measurings_.end())
    return;
  auto row = found->second.rows.extract(command.queue);
  if (row.empty())
    return;
  const bool is_known = !row.mapped().queue.text.empty();
  if (is_known || command.pending + command.claimed + command.waiting > 0)
    append_measure(found->second.text, command.queue,
                   {command.pending, command.claimed, command.waiting}, row.mapped());
  finish_measuring(command.number);
}

void queue_directory_shell::finish_measuring(std::uint32_t number) {
  const auto found = measurings_.find(number);
  if (!found->second.rows.empty())
    return;
  auto text = std::move(found->second.text);
  const auto reply = found->second.reply;
  measurings_.erase(found);
  text += text.empty() ? "[]" : "]";
  stage_.on.deliver(reply, answer{std::move(text)});
}

// -- after a failure ------------------------------------------------------------------------------

void queue_directory_shell::replace(queue_failed& command) {
  const auto found = queues_.find(command.queue);
  if (found == queues_.end())
    return;
  act::dismiss(stage_.on.executor(), found->second.actor);
  auto later = std::move(found->second.later);
  make(command.queue, true).later = std::move(later);
  const auto pause =
      stage_.on.supervisor().one_failed("task queue", command.queue.text, command.why);
  // A roll that is under way would come to an end without this queue: the next one counts.
  roll_missing_ = shard_count + 1;
  ++roll_;
  auto self = caf::actor_cast<queue_directory_actor>(this);
  stage_.on.supervisor().after(pause, [this, self] {
    if (!guard_.failed())
      guard_.attempt([this] { call_the_roll(); });
  });
}

void queue_directory_shell::take_place(take_over&) {
  all_gather_ = true;
  call_the_roll();
}

// Every task shard lets its tasks tell what queues of this lane must know; the answers come behind
// what was told. What tasks told the queue that failed has arrived before.
void queue_directory_shell::call_the_roll() {
  roll_missing_ = shard_count + 1;  // and the quarantines
  ++roll_;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard)
    stage_.board.tell(stage_.on, call_roll{shard, roll_caller::queues, stage_.on.index(), roll_});
  read_quarantines();
}

void queue_directory_shell::read_quarantines() {
  resp_writer query;
  const auto now = stage_.on.now();
  for (std::uint16_t shard = 0; shard < shard_count; ++shard)
    query.command("ZRANGEBYSCORE", resp_writer::joined{shard_key_prefix(shard), "quarantine", {}},
                  now.ms, "+inf", "WITHSCORES");
  auto self = caf::actor_cast<queue_directory_actor>(this);
  stage_.store().query(query, [this, self, roll = roll_](std::vector<redis_reply>& replies) {
    if (roll != roll_ || roll_missing_ == 0 || guard_.failed())
      return;
    guard_.attempt([&] {
      for (const auto& reply : replies)
        for (std::size_t i = 0; i + 1 < reply.size(); i += 2)
          if (auto command = read_quarantine(text_of(reply.at(i)), text_of(reply.at(i + 1))))
            take_quarantine(*command);
      one_more_told();
    });
  });
}

void queue_directory_shell::take_quarantine(set_quarantine& command) {
  const auto found = queues_.find(command.queue);
  if (found != queues_.end() ? found->second.gathering : all_gather_)
    route(command);
}

void queue_directory_shell::remember(roll_called& command) {
  if (command.number == roll_ && roll_missing_ > 0)
    one_more_told();
}

void queue_directory_shell::one_more_told() {
  if (--roll_missing_ > 0)
    return;
  all_gather_ = false;
  for (auto& [id, queue] : queues_) {
    queue.gathering = false;
    for (auto& again : std::exchange(queue.later, {}))
      again();
  }
}

}  // namespace troupe
