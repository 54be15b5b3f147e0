// Finds the groups of a lane, and brings those back that failed.

#include "actors/task_group/task_group_actor.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

#include <hiredis/hiredis.h>

#include <charconv>

namespace troupe {

namespace {

constexpr std::size_t groups_per_page = 500;

}  // namespace

group_directory_shell::group_directory_shell(caf::actor_config& config, const stage& where,
                                             std::function<void()> successor)
    : group_directory_actor::base(config),
      stage_(where),
      guard_(where.on, where.board, "group directory of lane " + std::to_string(where.on.index()),
             std::move(successor)) {}

template <class Command>
auto group_directory_shell::receive(void (group_directory_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    guard_.run(command, [this, handle](Command& c) { (this->*handle)(c); });
  };
}

group_directory_shell::behavior_type group_directory_shell::make_behavior() {
  using self = group_directory_shell;
  return {
      receive(&self::route<reserve_member>),
      receive(&self::route<confirm_member>),
      receive(&self::route<withdraw_member>),
      receive(&self::route<member_resolved>),
      receive(&self::route<resume_member>),
      receive(&self::route<list_group>),
      receive(&self::route<get_group>),
      receive(&self::route<explain_group>),
      receive(&self::route<seal_group>),
      receive(&self::route<cancel_group>),
      receive(&self::route<change_group_priority>),
      receive(&self::route<member_changed>),
      receive(&self::route<resume_group_work>),
      receive(&self::route<members_counted>),
      receive(&self::let_go),
      receive(&self::replace),
      receive(&self::expire),
      receive(&self::expire_all),
      receive(&self::remember),
      receive(&self::take_place),
  };
}

void group_directory_shell::on_exit() {
  guard_.hold();
  for (auto& [id, waiting] : loading_)
    for (auto& again : waiting)
      again();
  loading_.clear();
  guard_.hand_back();
  for (auto& [id, known] : groups_)
    act::dismiss(stage_.on.executor(), known.actor);
  groups_.clear();
}

void group_directory_shell::open() {
  if (roll_missing_ == 0)
    all_told();
}

group_memory group_directory_shell::memory_of(const task_group_id& id) const {
  return failed_groups_.contains(id) ? group_memory::after_a_failure : all_;
}

group_directory_shell::entry& group_directory_shell::make(stored_group stored) {
  const auto id = stored.state.id;
  const bool works = stored.work != nullptr;
  auto& made = groups_[id];
  made.actor = spawn<task_group_shell, caf::lazy_init>(stage_, std::move(stored), memory_of(id));
  if (works) {
    ++made.sent;
    stage_.on.executor().post(made.actor, resume_group_work{id});
  }
  return made;
}

void group_directory_shell::let_go(leave_group& command) {
  const auto found = groups_.find(command.group);
  if (found == groups_.end() || found->second.sent != command.received)
    return;
  stage_.on.executor().post(found->second.actor, leave_group{command.group, 0});
  groups_.erase(found);
}

template <class Command>
void group_directory_shell::route(Command& command) {
  auto hand_on = [this, &command](entry& to) {
    ++to.sent;
    stage_.on.executor().post(to.actor, std::move(command));
  };
  if (const auto found = groups_.find(command.group); found != groups_.end())
    return hand_on(found->second);
  if (known_.contains(hash_text(command.group.view())) || loading_.contains(command.group))
    return load(command);
  stored_group fresh;
  fresh.state.id = command.group;
  if constexpr (std::is_same_v<Command, reserve_member> || std::is_same_v<Command, resume_member>)
    known_.insert(hash_text(command.group.view()));
  hand_on(make(std::move(fresh)));
}

template <class Command>
void group_directory_shell::load(Command& command) {
  const auto id = command.group;
  const auto [at, first] = loading_.try_emplace(id);
  at->second.push_back([this, kept = std::move(command)]() mutable {
    guard_.run(kept, [this](Command& c) { route(c); });
  });
  if (first)
    read(id, std::is_same_v<Command, resume_member>);
}

void group_directory_shell::read(const task_group_id& id, bool with_members) {
  resp_writer query;
  const auto prefix = shard_key_prefix(shard_of(id.view()));
  query.command("HMGET", resp_writer::joined{prefix, "group:", id.view()}, "schedulerId", "expires",
                "sealed", "work");
  if (with_members)
    query.command("ZRANGE", resp_writer::joined{prefix, "members:", id.view()}, 0, -1);
  auto self = caf::actor_cast<group_directory_actor>(this);
  stage_.store().query(
      query, [this, self, id](std::vector<redis_reply>& replies) { take_loaded(id, replies); });
}

namespace {

stored_group read_group(const task_group_id& id, const redis_reply& row) {
  stored_group stored;
  auto& state = stored.state;
  state.id = id;
  auto number = [&row](std::size_t i) {
    std::int64_t value = 0;
    const auto text = text_of(row.at(i));
    std::from_chars(text.data(), text.data() + text.size(), value);
    return timestamp{value};
  };
  if (row.size() == 4 && !text_of(row.at(0)).empty()) {
    state.scheduler_id = text_of(row.at(0));
    state.expires = number(1);
    state.sealed = number(2);
    state.stored = true;
    if (auto work = read_work(text_of(row.at(3))))
      stored.work = std::make_unique<group_work>(std::move(*work));
  }
  return stored;
}

}  // namespace

void group_directory_shell::take_loaded(const task_group_id& id,
                                        std::vector<redis_reply>& replies) {
  auto waiting = loading_.extract(id);
  if (waiting.empty())
    return;  // this directory failed meanwhile, and what waited is with its successor
  guard_.attempt([&] {
    auto stored = read_group(id, replies.front());
    if (replies.size() > 1)
      for (std::size_t i = 0; i < replies[1].size(); ++i)
        if (const auto member = task_id::parse(text_of(replies[1].at(i))))
          stored.members.push_back(*member);
    make(std::move(stored));
    if (roll_missing_ == 0)
      failed_groups_.erase(id);
  });
  for (auto& again : waiting.mapped())
    again();
}

// -- the end of groups ----------------------------------------------------------------------------

// One that is in memory has something to do, or will leave soon: it goes the next time.
void group_directory_shell::expire(expire_group& command) {
  const auto id = command.group;
  if (is_used(id))
    return;
  resp_writer query;
  query.command("HMGET",
                resp_writer::joined{shard_key_prefix(shard_of(id.view())), "group:", id.view()},
                "schedulerId", "expires", "sealed", "work");
  auto self = caf::actor_cast<group_directory_actor>(this);
  stage_.store().query(query, [this, self, id](std::vector<redis_reply>& replies) {
    guard_.attempt([&] {
      const auto stored = read_group(id, replies.front());
      const auto until = stored.state.expires + stage_.parts.expiration_delay;
      const bool is_over = !stored.state.stored || (until <= stage_.on.now() && !stored.work);
      if (is_over && !guard_.failed() && !is_used(id))
        forget(id);
    });
  });
}

bool group_directory_shell::is_used(const task_group_id& id) const {
  return groups_.contains(id) || loading_.contains(id) || failed_groups_.contains(id);
}

// What somebody wants to be removed now; those that are in memory and quiet are to leave before.
void group_directory_shell::expire_all(expire_now& command) {
  find_expired({command.shard, command.as_of, command.reply});
}

void group_directory_shell::find_expired(group_sweep search) {
  resp_writer query;
  query.command("ZRANGEBYSCORE",
                resp_writer::joined{shard_key_prefix(search.shard), "group-expiry", {}}, "-inf",
                search.due.ms, "LIMIT", search.offset, groups_per_page);
  auto self = caf::actor_cast<group_directory_actor>(this);
  stage_.store().when_safe(stage_.store().last(), [this, self, query, search] {
    stage_.store().query(query, [this, self, search](std::vector<redis_reply>& replies) {
      guard_.attempt([&] {
        std::vector<task_group_id> due;
        for (std::size_t i = 0; i < replies.front().size(); ++i)
          if (const auto id = task_group_id::parse(text_of(replies.front().at(i))))
            due.push_back(*id);
        take_expired(std::move(due), search);
      });
    });
  });
}

void group_directory_shell::take_expired(std::vector<task_group_id> due, group_sweep search) {
  if (due.empty()) {
    stage_.store().answer(stage_.store().last(), search.reply,
                          answer{"{\"removed\":" + std::to_string(search.removed) + "}"});
    return;
  }
  for (const auto& id : due)
    if (const auto found = groups_.find(id); found != groups_.end()) {
      ++found->second.sent;
      stage_.on.executor().post(found->second.actor, expire_group{id});
    }
  auto self = caf::actor_cast<group_directory_actor>(this);
  stage_.on.post([this, self, due = std::move(due), search] {
    guard_.attempt([&] { forget_expired(due, search); });
  });
}

void group_directory_shell::forget_expired(const std::vector<task_group_id>& due,
                                           group_sweep search) {
  resp_writer query;
  for (const auto& id : due)
    query.command("HMGET", resp_writer::joined{shard_key_prefix(search.shard), "group:", id.view()},
                  "schedulerId", "expires", "sealed", "work");
  auto self = caf::actor_cast<group_directory_actor>(this);
  stage_.store().query(query, [this, self, due, search](std::vector<redis_reply>& replies) {
    guard_.attempt([&] {
      auto next = search;
      for (std::size_t i = 0; i < due.size(); ++i) {
        const auto stored = read_group(due[i], replies[i]);
        const bool is_over = !stored.work && stored.state.expires <= search.due;
        if (is_over && !is_used(due[i])) {
          forget(due[i]);
          ++next.removed;
        } else {
          ++next.offset;
        }
      }
      if (due.size() == groups_per_page)
        find_expired(next);
      else
        take_expired({}, next);
    });
  });
}

void group_directory_shell::forget(const task_group_id& id) {
  const auto prefix = shard_key_prefix(shard_of(id.view()));
  auto& commands = stage_.store().begin_commit();
  commands.command("DEL", resp_writer::joined{prefix, "group:", id.view()},
                   resp_writer::joined{prefix, "members:", id.view()});
  commands.command("ZREM", resp_writer::joined{prefix, "group-expiry", {}}, id.view());
  stage_.store().end_commit();
  known_.erase(hash_text(id.view()));
}

// -- after a failure ------------------------------------------------------------------------------

void group_directory_shell::replace(group_failed& command) {
  const auto found = groups_.find(command.group);
  if (found == groups_.end())
    return;
  act::dismiss(stage_.on.executor(), found->second.actor);
  groups_.erase(found);
  failed_groups_.insert(command.group);
  loading_[command.group];
  const auto pause =
      stage_.on.supervisor().one_failed("task group", command.group.view(), command.why);
  // A roll that is under way would come to an end without this group: the next one counts.
  roll_missing_ = shard_count;
  ++roll_;
  auto self = caf::actor_cast<group_directory_actor>(this);
  stage_.on.supervisor().after(pause, [this, self, id = command.group] {
    // What the failed one had written is to be read.
    stage_.store().when_safe(stage_.store().last(), [this, self, id] {
      guard_.attempt([&] {
        if (guard_.failed() || !loading_.contains(id))
          return;
        read(id, true);
        call_the_roll();
      });
    });
  });
}

void group_directory_shell::take_place(take_over&) {
  all_ = group_memory::after_a_failure;
  roll_ = static_cast<std::uint32_t>(stage_.on.unique_us());  // unlike those of who failed
  guard_.hold();
  resp_writer query;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard)
    if (lane_of_shard(shard, stage_.on.lane_count()) == stage_.on.index()) {
      const auto prefix = shard_key_prefix(shard);
      query.command("ZRANGE", resp_writer::joined{prefix, "group-expiry", {}}, 0, -1);
      query.command("SMEMBERS", resp_writer::joined{prefix, "group-work", {}});
    }
  auto self = caf::actor_cast<group_directory_actor>(this);
  stage_.store().when_safe(stage_.store().last(), [this, self, query] {
    stage_.store().query(query, [this, self](std::vector<redis_reply>& replies) {
      guard_.attempt([&] {
        for (std::size_t kind = 0; kind < replies.size(); ++kind)
          for (std::size_t i = 0; i < replies[kind].size(); ++i) {
            const auto text = text_of(replies[kind].at(i));
            know(text);
            if (const auto id = task_group_id::parse(text); id && kind % 2 == 1)
              expect_work(*id);
          }
        call_the_roll();
        guard_.release();
      });
    });
  });
}

// Every task shard lets its tasks tell what groups of this lane must know; the answers come behind
// what was told.
void group_directory_shell::call_the_roll() {
  roll_missing_ = shard_count;
  ++roll_;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard)
    stage_.board.tell(stage_.on, call_roll{shard, roll_caller::groups, stage_.on.index(), roll_});
}

void group_directory_shell::remember(roll_called& command) {
  if (command.number == roll_ && roll_missing_ > 0 && --roll_missing_ == 0)
    all_told();
}

void group_directory_shell::all_told() {
  auto waiting = std::exchange(failed_groups_, {});
  if (std::exchange(all_, group_memory::complete) != group_memory::complete) {
    for (const auto& [id, known] : groups_)
      waiting.insert(id);
    for (const auto& [id, jobs] : loading_)
      waiting.insert(id);
  }
  for (const auto& id : waiting) {
    // One that is not loaded yet gets what it was told first.
    if (loading_.contains(id))
      failed_groups_.insert(id);
    members_counted command{id};
    route(command);
  }
  for (const auto& id : std::exchange(at_work_, {})) {
    resume_group_work command{id};
    route(command);
  }
}

}  // namespace troupe
