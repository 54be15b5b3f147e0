#include "actors/task_group/task_group_actor.hpp"

#include "actors/task/task_page.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>

namespace troupe {

task_group_shell::task_group_shell(caf::actor_config& config, const stage& where,
                                   stored_group stored, group_memory memory)
    : task_group_actor::base(config),
      stage_(where),
      state_(std::move(stored.state)),
      work_(std::move(stored.work)) {
  if (memory == group_memory::complete)
    return;
  hearing_ = std::make_unique<hearing>();
  hearing_->members = std::move(stored.members);
  if (memory == group_memory::after_a_failure)
    hearing_->roll = std::make_unique<member_roll>();
}

namespace {

// What the directory, or the members, tell the one that comes after, too.
template <class Command>
constexpr bool is_for_this_one =
    std::is_same_v<Command, members_counted> || std::is_same_v<Command, resume_group_work> ||
    std::is_same_v<Command, member_changed>;

}  // namespace

template <class Command>
auto task_group_shell::receive(void (task_group_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    if (failed_) {
      // Its directory has another one by now.
      if constexpr (!is_for_this_one<Command>)
        stage_.board.tell(stage_.on, std::move(command));
      return;
    }
    ++received_;
    try {
      (this->*handle)(command);
      rest_when_idle();
    } catch (...) {
      fail(command);
    }
  };
}

// Within a handler of an exception.
std::string task_group_shell::report_failure() {
  auto why = describe_exception(std::current_exception());
  stage_.store().abandon_commit();
  if (!std::exchange(failed_, true)) {
    stage_.on.cancel_timer(std::exchange(timer_, 0));
    stage_.board.tell(stage_.on, group_failed{state_.id, why});
    give_up(why);
  }
  return why;
}

// Who waits hears of it. What was begun is stored, and whoever comes after goes on with it.
void task_group_shell::give_up(const std::string& why) {
  auto refuse = [&](const reply_handle& reply) {
    stage_.on.deliver(reply, answer{failed_actor("task group", why)});
  };
  if (const auto work = std::move(work_); work && work->job.reply)
    refuse(work->job.reply);
  for (const auto& job : std::exchange(jobs_, {}))
    refuse(job.reply);
  for (const auto& reply : std::exchange(sealers_, {}))
    refuse(reply);
}

template <class Command>
void task_group_shell::fail(Command& command) {
  const auto why = report_failure();
  if constexpr (answerable<Command>) {
    stage_.on.deliver(command.reply, answer{failed_actor("task group", why)});
  } else if constexpr (std::is_same_v<Command, reserve_member>) {
    membership_answered result;
    result.task = command.task;
    result.failed = true;
    result.refusal = "the task group failed: " + why;
    stage_.board.tell(stage_.on, std::move(result));
  } else if constexpr (!is_for_this_one<Command>) {
    // Nobody may miss it: the next one gets it.
    stage_.board.tell(stage_.on, std::move(command));
  }
}

// Does what comes later, outside of a handler.
template <class Job>
void task_group_shell::answer_by(const reply_handle& reply, Job job) {
  try {
    job();
  } catch (...) {
    stage_.on.deliver(reply, answer{failed_actor("task group", report_failure())});
  }
}

task_group_shell::behavior_type task_group_shell::make_behavior() {
  return {
      receive(&task_group_shell::reserve),      receive(&task_group_shell::confirm),
      receive(&task_group_shell::withdraw),     receive(&task_group_shell::resolved),
      receive(&task_group_shell::resume),       receive(&task_group_shell::list),
      receive(&task_group_shell::show),         receive(&task_group_shell::explain),
      receive(&task_group_shell::seal),         receive(&task_group_shell::cancel),
      receive(&task_group_shell::reprioritise), receive(&task_group_shell::member_answered),
      receive(&task_group_shell::resume_work),  receive(&task_group_shell::all_heard),
      receive(&task_group_shell::offer_leave),  [this](leave_group&) { quit(); },
  };
}

void task_group_shell::on_exit() {
  stage_.on.cancel_timer(timer_);
  timer_ = 0;
  give_up("its directory failed");
  state_ = {};
  hearing_.reset();
}

// A group whose members have all resolved leaves memory after a while; Redis has it.
bool task_group_shell::is_quiet() const {
  return !hearing_ && !work_ && jobs_.empty() && sealers_.empty() && is_idle(state_);
}

void task_group_shell::rest_when_idle() {
  if (timer_ == 0 && is_quiet())
    timer_ = stage_.on.add_timer(stage_.on.now() + stage_.parts.quiet_time, *this);
}

void task_group_shell::offer_leave(expire_group&) {
  if (is_quiet() && stage_.store().safe() >= last_commit_)
    stage_.board.tell(stage_.on, leave_group{state_.id, received_});
}

void task_group_shell::on_timer() {
  timer_ = 0;
  if (!is_quiet())
    return;
  if (stage_.store().safe() < last_commit_)
    return rest_when_idle();
  stage_.board.tell(stage_.on, leave_group{state_.id, received_});
}

void task_group_shell::withdraw(withdraw_member&) {
  on_withdraw(state_);
  nobody_is_on_the_way();
}

void task_group_shell::reserve(reserve_member& command) {
  auto refusal = on_reserve(state_, command, stage_.on.now());
  membership_answered result;
  result.task = command.task;
  result.accepted = !refusal;
  if (!refusal)
    return stage_.board.tell(stage_.on, std::move(result));
  result.refusal = std::move(*refusal);
  // What speaks against it, a seal for instance, must not come undone once somebody knows.
  stage_.store().when_safe(last_commit_, [&where = stage_, result = std::move(result)] {
    where.board.tell(where.on, result);
  });
}

void task_group_shell::confirm(confirm_member& command) {
  if (hearing_ && hearing_->roll)
    count_member(*hearing_->roll, command);
  const bool with_record = on_confirm(state_, command.expires);
  write(with_record, &command.task);
  nobody_is_on_the_way();
}

void task_group_shell::write(bool with_record, const task_id* member) {
  const auto prefix = shard_key_prefix(shard_of(state_.id.view()));
  const auto id = state_.id.view();
  auto& commands = stage_.store().begin_commit();
  if (std::exchange(state_.renewed, false)) {
    commands.command("DEL", resp_writer::joined{prefix, "members:", id});
    commands.command("HDEL", resp_writer::joined{prefix, "group:", id}, "work");
    commands.command("SREM", resp_writer::joined{prefix, "group-work", {}}, id);
  }
  if (member != nullptr)
    commands.command("ZADD", resp_writer::joined{prefix, "members:", id}, "0", member->view());
  if (with_record)
    write_record(commands);
  last_commit_ = stage_.store().end_commit();
}

void task_group_shell::write_record(resp_writer& commands) {
  const auto prefix = shard_key_prefix(shard_of(state_.id.view()));
  const auto id = state_.id.view();
  commands.command("HSET", resp_writer::joined{prefix, "group:", id}, "schedulerId",
                   state_.scheduler_id, "expires", state_.expires.ms, "sealed", state_.sealed.ms);
  commands.command("ZADD", resp_writer::joined{prefix, "group-expiry", {}}, state_.expires.ms, id);
}

// Within a commit. `exchange` is its last word.
void task_group_shell::append_event(std::string_view exchange, std::string_view payload) {
  const auto whole = "exchange/taskcluster-queue/v1/" + std::string{exchange};
  const auto key = group_routing_key(state_);
  stage_.store().append_event(shard_of(state_.id.view()), {whole, key, {}, payload});
}

void task_group_shell::resolved(member_resolved& command) {
  const bool last = on_member_resolved(state_, command.repeated);
  if (hearing_) {
    // Others may be open that were not heard yet.
    if (hearing_->roll)
      count_member(*hearing_->roll, command);
    hearing_->resolved.push_back(command.task);
    return;
  }
  if (last)
    publish_resolved();
  acknowledge(command.task);
}

void task_group_shell::publish_resolved() {
  stage_.store().begin_commit();
  append_event("task-group-resolved", group_event_payload(state_));
  last_commit_ = stage_.store().end_commit();
}

void task_group_shell::acknowledge(const task_id& member) {
  stage_.board.tell(stage_.on, effect_acknowledged{member, effect_receiver::group, std::nullopt});
}

// A group that heard all its members has counted this one already: it came back of itself.
void task_group_shell::resume(resume_member& command) {
  const bool unknown = !state_.stored;
  const auto before = state_.expires;
  auto told = command;
  if (hearing_ && hearing_->roll)
    count_member(*hearing_->roll, command);
  if (!hearing_ || hearing_->roll)
    told.ever_resolved = true;
  on_resume(state_, told);
  // The server may have ended, or the group failed, between the task's commit and the group's.
  state_.stored = true;
  const bool with_record = unknown || state_.expires != before;
  const bool joined = !hearing_ || std::binary_search(hearing_->members.begin(),
                                                      hearing_->members.end(), command.task);
  if (with_record || !joined)
    write(with_record, joined ? nullptr : &command.task);
}

void task_group_shell::all_heard(members_counted&) {
  if (!hearing_)
    return;
  const auto heard = std::move(hearing_);
  if (heard->roll)
    state_.open = static_cast<std::uint32_t>(heard->roll->open.size());
  if (!heard->resolved.empty() && state_.open == 0)
    publish_resolved();
  for (const auto& member : heard->resolved)
    acknowledge(member);
  start_next();
}

// -- listing --------------------------------------------------------------------------------------

void task_group_shell::list(list_group& command) {
  if (!is_there(command.reply))
    return;
  // Read from Redis page by page, so that a large group costs what its page costs.
  auto self = caf::actor_cast<task_group_actor>(this);
  const auto read_page = [this, self, command] {
    resp_writer query;
    const auto prefix = shard_key_prefix(shard_of(state_.id.view()));
    const std::string from = command.after ? "(" + command.after->str() : std::string{"-"};
    query.command("ZRANGEBYLEX", resp_writer::joined{prefix, "members:", state_.id.view()}, from,
                  "+", "LIMIT", "0", static_cast<std::uint64_t>(command.limit) + 1);
    stage_.store().query(query, [this, self, command](std::vector<redis_reply>& replies) {
      answer_by(command.reply, [&] { list_members(command, replies.front()); });
    });
  };
  stage_.store().when_safe(
      last_commit_, [this, self, command, read_page] { answer_by(command.reply, read_page); });
}

void task_group_shell::list_members(const list_group& command, redis_reply& ids) {
  task_page page;
  page.more = ids.size() > command.limit;
  for (std::size_t i = 0; i < ids.size() && i < command.limit; ++i)
    if (const auto id = task_id::parse(text_of(ids.at(i))))
      page.ids.push_back(*id);
  page.head = "{";
  append_group_members(page.head, state_);
  auto self = caf::actor_cast<task_group_actor>(this);
  ask_task_page(stage_.store(), std::move(page),
                [this, self, reply = command.reply](answer&& result) {
                  stage_.on.deliver(reply, std::move(result));
                });
}

}  // namespace troupe
