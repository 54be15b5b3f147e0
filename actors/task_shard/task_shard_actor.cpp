#include "actors/task_shard/task_shard_actor.hpp"

#include "actors/task/absent_task.hpp"
#include "actors/task/task_actor.hpp"
#include "actors/task/task_removal.hpp"
#include "actors/task/task_wire.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>

namespace troupe {

namespace {

// Live tasks are read so many at a time.
constexpr std::size_t rows_per_query = 256;

}  // namespace

task_shard_shell::task_shard_shell(caf::actor_config& config, const stage& where,
                                   std::uint16_t number, std::function<void()> successor)
    : task_shard_actor::base(config),
      stage_(where),
      number_(number),
      guard_(where.on, where.board, "task shard " + std::to_string(number), std::move(successor)) {
  wake_alarm_.ring = [this] {
    wake_timer_ = 0;
    stage_.on.executor().post(caf::actor_cast<task_shard_actor>(this), wake_resting{number_});
  };
}

template <class Command>
auto task_shard_shell::receive(void (task_shard_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    guard_.run(command, [this, handle](Command& c) { (this->*handle)(c); });
  };
}

task_shard_shell::behavior_type task_shard_shell::make_behavior() {
  using self = task_shard_shell;
  return {
      receive(&self::route<create_task>),
      receive(&self::route<get_task>),
      receive(&self::route<get_status>),
      receive(&self::route<explain_task>),
      receive(&self::route<schedule_task>),
      receive(&self::route<rerun_task>),
      receive(&self::route<cancel_task>),
      receive(&self::route<change_task_priority>),
      receive(&self::change_member_of_group),
      receive(&self::route<claim_task>),
      receive(&self::route<claim_admitted>),
      receive(&self::route<claim_run>),
      receive(&self::route<reclaim_run>),
      receive(&self::route<report_run>),
      receive(&self::route<return_run>),
      receive(&self::route<create_artifact>),
      receive(&self::route<get_artifact>),
      receive(&self::route<finish_artifact>),
      receive(&self::route<create_upload>),
      receive(&self::route<finish_upload>),
      receive(&self::route<read_object>),
      receive(&self::route<describe_artifact>),
      receive(&self::route<list_artifacts>),
      receive(&self::route<expire_artifact>),
      receive(&self::route<reserve_dependent>),
      receive(&self::route<confirm_dependent>),
      receive(&self::route<withdraw_dependent>),
      receive(&self::route<dependency_state>),
      receive(&self::route<dependency_resolved>),
      receive(&self::route<resume_dependent>),
      receive(&self::route<list_dependents>),
      receive(&self::route<effect_acknowledged>),
      receive(&self::route<membership_answered>),
      [](task_timer_fired&) {},
      [](answer_roll&) {},
      [](leave_stage&) {},
      receive(&self::route<prepare_member>),
      receive(&self::route<advance_member>),
      receive(&self::let_go),
      receive(&self::let_rest),
      receive(&self::wake),
      receive(&self::replace),
      receive(&self::let_tell),
      receive(&self::sweep),
      receive(&self::artifact_done),
      receive(&self::expire),
      receive(&self::take_place),
  };
}

void task_shard_shell::on_exit() {
  stage_.on.cancel_timer(std::exchange(sweep_timer_, 0));
  stage_.on.cancel_timer(std::exchange(wake_timer_, 0));
  guard_.hold();
  for (auto& asked : std::exchange(asked_, {}))
    stage_.on.deliver(asked.reply, answer{failed_actor("task shard", "it ended meanwhile")});
  for (auto& [id, waiting] : loading_)
    for (auto& again : waiting)
      again();
  loading_.clear();
  guard_.hand_back();
  for (auto& [id, known] : tasks_)
    act::dismiss(stage_.on.executor(), known.actor);
  tasks_.clear();
  resting_.clear();
}

template <class Command>
void task_shard_shell::hand_on(entry& to, Command&& command) {
  ++to.sent;
  stage_.on.executor().post(to.actor, std::forward<Command>(command));
}

template <class Command>
void task_shard_shell::route(Command& command) {
  if (const auto found = tasks_.find(command.task); found != tasks_.end())
    return hand_on(found->second, std::move(command));
  if (known_.contains(hash_text(command.task.view())) || loading_.contains(command.task))
    return load(command);
  if constexpr (makes_a_task<Command>) {
    know(command.task);
    auto& made = tasks_[command.task];
    made.actor = spawn<task_shell, caf::lazy_init>(stage_, command.task);
    hand_on(made, std::move(command));
  } else {
    answer_absent(stage_, command);
  }
}

// A stored task that is neither in memory nor resting has resolved and is left as it is: reading a
// large group just to find that out would be dear.
void task_shard_shell::change_member_of_group(change_member& command) {
  const bool resolved = !tasks_.contains(command.task) && !loading_.contains(command.task) &&
                        !resting_.contains(command.task) &&
                        known_.contains(hash_text(command.task.view()));
  if (!resolved)
    return route(command);
  stage_.board.tell(stage_.on, member_changed{command.group, command.task, command.work,
                                              member_outcome::unchanged});
}

// Commands for a task that is on its way from Redis wait for it.
template <class Command>
void task_shard_shell::load(Command& command) {
  const auto id = command.task;
  const auto [at, first] = loading_.try_emplace(id);
  at->second.push_back([this, kept = std::move(command)]() mutable {
    guard_.run(kept, [this](Command& c) { route(c); });
  });
  if (first)
    read(id);
}

void task_shard_shell::read(const task_id& id) {
  resp_writer commands;
  const auto prefix = shard_key_prefix(number_);
  commands.command("HMGET", resp_writer::joined{prefix, "task:", id.view()}, "def", "status", "x");
  if (!resting_.is_alone(id))
    commands.command("HGETALL", resp_writer::joined{prefix, "edges:", id.view()});
  if (!resting_.contains(id))
    commands.command("SISMEMBER", resp_writer::joined{prefix, "live", {}}, id.view());
  auto self = caf::actor_cast<task_shard_actor>(this);
  stage_.store().query(
      commands, [this, self, id](std::vector<redis_reply>& replies) { take_loaded(id, replies); });
}

void task_shard_shell::take_loaded(const task_id& id, std::vector<redis_reply>& replies) {
  auto waiting = loading_.extract(id);
  if (waiting.empty())
    return;  // this shard failed meanwhile, and what waited is with its successor
  guard_.attempt([&] {
    const bool rested = resting_.remove(id);
    const auto& row = replies[0];
    std::optional<task_state> state;
    if (row.size() == 3)
      state = read_task(id, text_of(row.at(0)), text_of(row.at(1)), text_of(row.at(2)));
    if (!state) {
      known_.erase(hash_text(id.view()));  // another id's hash, or a creation that was refused
      return;
    }
    if (replies.size() > 1)
      state->dependents = read_edges(replies[1].get());
    if (const auto graph = marked_graph(text_of(row.at(2))))
      return resume_member(std::move(*state), *graph);
    // One that is live and did not rest had failed: it tells the others again.
    if (!rested && replies.size() == 3 && replies[2].integer() == 1)
      return resume(std::move(*state));
    tasks_[id].actor = spawn<task_shell, caf::lazy_init>(
        stage_, std::move(*state), rested ? task_origin::rest : task_origin::settled);
  });
  for (auto& again : waiting.mapped())
    again();
}

void task_shard_shell::resume(task_state state) {
  const auto id = state.id;
  if (tasks_.contains(id))
    return;  // a message of another task came first, and brought it back
  auto& made = tasks_[id];
  made.actor = spawn<task_shell, caf::lazy_init>(stage_, std::move(state), task_origin::live);
  // Its first message makes it announce itself to queue, group and wheel.
  stage_.on.executor().post(made.actor, task_timer_fired{id});
}

void task_shard_shell::resume_member(task_state state, const task_graph_id& graph) {
  const auto id = state.id;
  if (tasks_.contains(id))
    return;
  bool decided = false;
  if (judged_ != nullptr) {
    const auto known = judged_->find(graph);
    decided = known != judged_->end() && known->second;
    if (!decided) {
      write_task_gone(stage_.store().begin_commit(), id);
      stage_.store().end_commit();
      known_.erase(hash_text(id.view()));
      return;
    }
  }
  auto& made = tasks_[id];
  made.actor =
      spawn<task_shell, caf::lazy_init>(stage_, std::move(state), graph_mark{graph, decided});
  if (decided)
    stage_.on.executor().post(made.actor, task_timer_fired{id});
}

void task_shard_shell::let_go(offer_leave& command) {
  const auto found = tasks_.find(command.task);
  if (found == tasks_.end() || found->second.sent != command.received)
    return;
  stage_.on.executor().post(found->second.actor, leave_stage{command.task});
  tasks_.erase(found);
}

// -- after a failure ------------------------------------------------------------------------------

void task_shard_shell::replace(task_failed& command) {
  const auto found = tasks_.find(command.task);
  if (found == tasks_.end())
    return;
  act::dismiss(stage_.on.executor(), found->second.actor);
  tasks_.erase(found);
  loading_[command.task];
  const auto pause = stage_.on.supervisor().one_failed("task", command.task.view(), command.why);
  auto self = caf::actor_cast<task_shard_actor>(this);
  stage_.on.supervisor().after(pause, [this, self, id = command.task] {
    // What the failed one had written is to be read.
    stage_.store().when_safe(stage_.store().last(), [this, self, id] { read(id); });
  });
}

void task_shard_shell::ask_again(entry& who, const answer_roll& question) {
  hand_on(who, question);
}

void task_shard_shell::let_tell(call_roll& command) {
  for (auto& [id, known] : tasks_)
    ask_again(known, {id, command.of, command.lane});
  tell_of_resting(resting_.ids(), command);
}

// The successor of a shard that failed reads all that was live, as after a restart.
void task_shard_shell::take_place(take_over&) {
  guard_.hold();
  arm_sweep();
  resp_writer query;
  const auto prefix = shard_key_prefix(number_);
  query.command("ZRANGE", resp_writer::joined{prefix, "expiry", {}}, 0, -1);
  query.command("SMEMBERS", resp_writer::joined{prefix, "live", {}});
  auto self = caf::actor_cast<task_shard_actor>(this);
  stage_.store().when_safe(stage_.store().last(), [this, self, query] {
    stage_.store().query(query, [this, self](std::vector<redis_reply>& replies) {
      guard_.attempt([&] { take_ids(replies); });
    });
  });
}

void task_shard_shell::take_ids(std::vector<redis_reply>& replies) {
  std::vector<task_id> live;
  for (std::size_t kind = 0; kind < replies.size(); ++kind)
    for (std::size_t i = 0; i < replies[kind].size(); ++i) {
      const auto id = task_id::parse(text_of(replies[kind].at(i)));
      if (!id)
        continue;
      know(*id);
      if (kind == 1)
        live.push_back(*id);
    }
  read_live(std::move(live));
}

void task_shard_shell::read_live(std::vector<task_id> ids) {
  if (ids.empty())
    return guard_.release();
  std::vector<task_id> page;
  resp_writer rows;
  const auto prefix = shard_key_prefix(number_);
  for (; !ids.empty() && page.size() < rows_per_query; ids.pop_back()) {
    const auto id = ids.back();
    rows.command("HMGET", resp_writer::joined{prefix, "task:", id.view()}, "def", "status", "x");
    rows.command("HGETALL", resp_writer::joined{prefix, "edges:", id.view()});
    page.push_back(id);
  }
  auto self = caf::actor_cast<task_shard_actor>(this);
  stage_.store().query(
      rows, [this, self, page, left = std::move(ids)](std::vector<redis_reply>& replies) {
        guard_.attempt([&] {
          for (std::size_t i = 0; i < page.size(); ++i) {
            const auto& row = replies[2 * i];
            auto state = row.size() == 3 ? read_task(page[i], text_of(row.at(0)),
                                                     text_of(row.at(1)), text_of(row.at(2)))
                                         : std::nullopt;
            if (!state)
              continue;  // a membership of the live set without its task means nothing
            state->dependents = read_edges(replies[2 * i + 1].get());
            if (const auto graph = marked_graph(text_of(row.at(2))))
              resume_member(std::move(*state), *graph);
            else
              resume(std::move(*state));
          }
          read_live(left);
        });
      });
}

std::vector<task_dependent> read_edges(const redisReply* edges) {
  std::vector<task_dependent> result;
  if (edges == nullptr || edges->type != REDIS_REPLY_ARRAY)
    return result;
  for (std::size_t i = 0; i + 1 < edges->elements; i += 2)
    if (const auto id = task_id::parse(text_of(edges->element[i])))
      result.push_back(read_edge(*id, text_of(edges->element[i + 1])));
  std::sort(result.begin(), result.end(),
            [](const task_dependent& a, const task_dependent& b) { return a.id < b.id; });
  return result;
}

}  // namespace troupe
