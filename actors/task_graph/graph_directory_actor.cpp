// Finds the graphs of a lane, brings those back that failed, and forgets keys in time.

#include "actors/task_graph/task_graph_actor.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr std::chrono::minutes sweep_every{1};
constexpr std::size_t keys_per_sweep = 100;  // of each shard

}  // namespace

graph_directory_shell::graph_directory_shell(caf::actor_config& config, const stage& where,
                                             std::function<void()> successor)
    : graph_directory_actor::base(config),
      stage_(where),
      guard_(where.on, where.board, "graph directory of lane " + std::to_string(where.on.index()),
             std::move(successor)) {}

template <class Command>
auto graph_directory_shell::receive(void (graph_directory_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    guard_.run(command, [this, handle](Command& c) { (this->*handle)(c); });
  };
}

graph_directory_shell::behavior_type graph_directory_shell::make_behavior() {
  using self = graph_directory_shell;
  return {
      receive(&self::start),   receive(&self::hand_answer_on), receive(&self::let_go),
      receive(&self::replace), receive(&self::sweep),          receive(&self::take_place),
  };
}

void graph_directory_shell::on_exit() {
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  guard_.hand_back();
  for (auto& [id, known] : graphs_)
    act::dismiss(stage_.on.executor(), known.actor);
  graphs_.clear();
}

void graph_directory_shell::start(create_graph& command) {
  auto& known = graphs_[command.graph];
  if (!known.actor)
    known.actor = spawn<task_graph_shell, caf::lazy_init>(stage_, command.graph);
  ++known.sent;
  stage_.on.executor().post(known.actor, std::move(command));
}

// One that is not here has failed, and whoever comes after asks again.
void graph_directory_shell::hand_answer_on(member_advanced& command) {
  const auto found = graphs_.find(command.graph);
  if (found == graphs_.end())
    return;
  ++found->second.sent;
  stage_.on.executor().post(found->second.actor, std::move(command));
}

void graph_directory_shell::let_go(leave_graph& command) {
  const auto found = graphs_.find(command.graph);
  if (found == graphs_.end() || found->second.sent != command.received)
    return;
  stage_.on.executor().post(found->second.actor, leave_graph{command.graph, 0});
  graphs_.erase(found);
}

void graph_directory_shell::replace(graph_failed& command) {
  const auto found = graphs_.find(command.graph);
  if (found == graphs_.end())
    return;
  act::dismiss(stage_.on.executor(), found->second.actor);
  graphs_.erase(found);
  const auto pause =
      stage_.on.supervisor().one_failed("task graph", command.graph.view(), command.why);
  auto self = caf::actor_cast<graph_directory_actor>(this);
  // Without members: to go on with what was recorded.
  stage_.on.supervisor().after(pause, [this, self, id = command.graph] {
    create_graph again;
    again.graph = id;
    guard_.run(again, [this](create_graph& c) { start(c); });
  });
}

// The successor of a directory that failed goes on with all that was under way.
void graph_directory_shell::take_place(take_over&) {
  arm_sweep();
  auto self = caf::actor_cast<graph_directory_actor>(this);
  stage_.store().when_safe(stage_.store().last(), [this, self] {
    stage_.store().query(on_own_shards("SMEMBERS", "graph-work", false),
                         [this, self](std::vector<redis_reply>& replies) {
                           guard_.attempt([&] {
                             for (const auto& reply : replies)
                               for (std::size_t i = 0; i < reply.size(); ++i)
                                 if (const auto id = task_graph_id::parse(text_of(reply.at(i)))) {
                                   create_graph again;
                                   again.graph = *id;
                                   start(again);
                                 }
                           });
                         });
  });
}

void graph_directory_shell::open() {
  arm_sweep();
  for (const auto& [id, decided] : std::exchange(unfinished_, {})) {
    auto& commands = stage_.store().begin_commit();
    if (decided)
      write_graph_done(commands, id);
    else
      write_graph_gone(commands, id);
    stage_.store().end_commit();
  }
}

// -- keys -----------------------------------------------------------------------------------------

void graph_directory_shell::arm_sweep() {
  if (timer_ == 0)
    timer_ = stage_.on.add_timer(stage_.on.now() + sweep_every, *this);
}

void graph_directory_shell::on_timer() {
  timer_ = 0;
  stage_.on.executor().post(caf::actor_cast<graph_directory_actor>(this),
                            sweep_graphs{stage_.on.index()});
}

resp_writer graph_directory_shell::on_own_shards(std::string_view verb, std::string_view key,
                                                 bool by_time) const {
  resp_writer query;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
    if (lane_of_shard(shard, stage_.on.lane_count()) != stage_.on.index())
      continue;
    const resp_writer::joined whole{shard_key_prefix(shard), key, {}};
    if (by_time)
      query.command(verb, whole, "-inf", stage_.on.now().ms, "LIMIT", 0, keys_per_sweep);
    else
      query.command(verb, whole);
  }
  return query;
}

// One that is in memory is being asked for, or on its way: it goes the next time.
void graph_directory_shell::sweep(sweep_graphs&) {
  arm_sweep();
  auto self = caf::actor_cast<graph_directory_actor>(this);
  stage_.store().query(on_own_shards("ZRANGEBYSCORE", "graph-expiry", true),
                       [this, self](std::vector<redis_reply>& replies) {
                         guard_.attempt([&] {
                           if (guard_.failed())
                             return;
                           for (const auto& reply : replies)
                             for (std::size_t i = 0; i < reply.size(); ++i) {
                               const auto id = task_graph_id::parse(text_of(reply.at(i)));
                               if (!id || graphs_.contains(*id))
                                 continue;
                               write_graph_gone(stage_.store().begin_commit(), *id);
                               stage_.store().end_commit();
                             }
                         });
                       });
}

}  // namespace troupe
