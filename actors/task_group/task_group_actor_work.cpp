// What is asked of a whole group: to be shown, sealed, canceled, reprioritised.

#include "actors/task_group/task_group_actor.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/log/log.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

#include <hiredis/hiredis.h>
#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

bool task_group_shell::is_there(const reply_handle& reply) {
  if (exists(state_, stage_.on.now()))
    return true;
  stage_.on.deliver(
      reply, answer{make_api_error(error_code::resource_not_found,
                                   "Task group " + state_.id.str() +
                                       " does not exist. It has no tasks, or it has expired; check "
                                       "the taskGroupId.")});
  return false;
}

bool task_group_shell::authorised(const reply_handle& reply, const caller_ptr& by,
                                  std::string_view verb) {
  auto allowed = stage_.parts.authorise_on_group(*by, verb, state_.scheduler_id, state_.id);
  if (!allowed)
    stage_.on.deliver(reply, answer{std::move(allowed).error()});
  return allowed.has_value();
}

void task_group_shell::answer_group(const reply_handle& reply) {
  stage_.store().answer(last_commit_, reply, answer{group_text(state_)});
}

void task_group_shell::show(get_group& command) {
  if (is_there(command.reply))
    answer_group(command.reply);
}

void task_group_shell::explain(explain_group& command) {
  if (!is_there(command.reply))
    return;
  const auto cancels = [](const group_job& job) { return job.what == group_change::cancel; };
  const bool canceling =
      (work_ && cancels(work_->job)) || std::any_of(jobs_.begin(), jobs_.end(), cancels);
  stage_.store().answer(last_commit_, command.reply, answer{explanation_text(state_, canceling)});
}

// -- sealing --------------------------------------------------------------------------------------

// From now on nobody gets in. Tasks that were let in before are answered first: whoever knows that
// the group is sealed finds all its members.
void task_group_shell::seal(seal_group& command) {
  if (!is_there(command.reply) || !authorised(command.reply, command.by, "seal-task-group"))
    return;
  const bool is_new = on_seal(state_, stage_.on.now());
  auto& commands = stage_.store().begin_commit();
  if (is_new)
    write_record(commands);
  append_event("task-group-sealed", group_event_payload(state_));
  last_commit_ = stage_.store().end_commit();
  sealers_.push_back(command.reply);
  nobody_is_on_the_way();
}

void task_group_shell::nobody_is_on_the_way() {
  if (state_.reserved > 0)
    return;
  for (const auto& reply : std::exchange(sealers_, {}))
    answer_group(reply);
  start_next();
}

// -- what is done to all members ------------------------------------------------------------------

void task_group_shell::cancel(cancel_group& command) {
  if (!is_there(command.reply))
    return;
  if (state_.sealed.ms == 0)
    return stage_.on.deliver(
        command.reply,
        answer{make_api_error(error_code::request_conflict,
                              "Task group " + state_.id.str() +
                                  " is not sealed, so tasks could join it while it is canceled. "
                                  "Call sealTaskGroup first.")});
  if (authorised(command.reply, command.by, "cancel-task-group"))
    accept({group_change::cancel, task_priority::lowest, command.reply});
}

void task_group_shell::reprioritise(change_group_priority& command) {
  if (is_there(command.reply) &&
      authorised(command.reply, command.by, "change-task-group-priority"))
    accept({group_change::priority, command.priority, command.reply});
}

void task_group_shell::accept(group_job job) {
  jobs_.push_back(job);
  start_next();
}

void task_group_shell::resume_work(resume_group_work&) { start_next(); }

// One job at a time, so that the last one has the last word on every member. After a restart the
// members are heard first: until then not all of them may be there to be told.
void task_group_shell::start_next() {
  if (hearing_ || (work_ && work_->number != 0))
    return;
  if (!work_) {
    // To be canceled is a sealed group; with nobody on the way in, none of its members is missed.
    if (jobs_.empty() || (jobs_.front().what == group_change::cancel && state_.reserved > 0))
      return;
    work_ = std::make_unique<group_work>();
    work_->job = jobs_.front();
    jobs_.pop_front();
  }
  work_->number = stage_.on.unique_us();
  write_work();
  ask_slice();
}

// Once this is safe the work will be done, whatever happens to this server.
void task_group_shell::write_work() {
  const auto prefix = shard_key_prefix(shard_of(state_.id.view()));
  const auto id = state_.id.view();
  auto& commands = stage_.store().begin_commit();
  commands.command("HSET", resp_writer::joined{prefix, "group:", id}, "work", work_text(*work_));
  commands.command("SADD", resp_writer::joined{prefix, "group-work", {}}, id);
  last_commit_ = stage_.store().end_commit();
}

// Does what comes later, outside of a handler.
template <class Job>
void task_group_shell::attempt(Job job) {
  if (failed_)
    return;
  try {
    job();
  } catch (...) {
    report_failure();
  }
}

// Waiting for the commit lets others have their turn, and paces a large group by what Redis takes.
void task_group_shell::ask_slice() {
  auto self = caf::actor_cast<task_group_actor>(this);
  stage_.store().when_safe(last_commit_, [this, self, number = work_->number] {
    attempt([&] {
      if (!work_ || work_->number != number)
        return;
      resp_writer query;
      const auto prefix = shard_key_prefix(shard_of(state_.id.view()));
      const std::string from = work_->after ? "(" + work_->after->str() : std::string{"-"};
      query.command("ZRANGEBYLEX", resp_writer::joined{prefix, "members:", state_.id.view()}, from,
                    "+", "LIMIT", "0", std::uint64_t{members_per_slice} + 1);
      stage_.store().query(query, [this, self, number](std::vector<redis_reply>& replies) {
        attempt([&] { take_slice(number, replies.front()); });
      });
    });
  });
}

void task_group_shell::take_slice(std::uint64_t number, const redis_reply& ids) {
  if (!work_ || work_->number != number)
    return;
  std::vector<task_id> members;
  for (std::size_t i = 0; i < ids.size() && i < members_per_slice; ++i)
    if (const auto id = task_id::parse(text_of(ids.at(i))))
      members.push_back(*id);
  for (auto& told : begin_slice(*work_, state_.id, members, ids.size() > members_per_slice))
    stage_.board.tell(stage_.on, std::move(told));
  go_on();
}

void task_group_shell::member_answered(member_changed& command) {
  if (work_)
    take_answer(*work_, command);
  go_on();
}

// The members of this lane may all have answered while they were told.
void task_group_shell::go_on() {
  if (!work_ || !slice_done(*work_))
    return;
  end_slice(*work_);
  if (work_->last_slice)
    return finish_work();
  write_work();
  ask_slice();
}

void task_group_shell::finish_work() {
  const auto prefix = shard_key_prefix(shard_of(state_.id.view()));
  const auto id = state_.id.view();
  const auto finished = std::move(work_);
  auto& commands = stage_.store().begin_commit();
  commands.command("HDEL", resp_writer::joined{prefix, "group:", id}, "work");
  commands.command("SREM", resp_writer::joined{prefix, "group-work", {}}, id);
  if (finished->job.what == group_change::priority)
    append_event("task-group-priority-changed", group_priority_payload(state_, *finished));
  last_commit_ = stage_.store().end_commit();
  if (finished->job.what == group_change::cancel)
    log_record(severity::notice, "task-group-cancelled",
               {{"taskGroupId", id},
                {"taskGroupSize", finished->size},
                {"cancelledCount", finished->affected},
                {"v", 1}},
               "queue");
  if (finished->job.reply)
    stage_.store().answer(last_commit_, finished->job.reply,
                          answer{work_answer(state_, *finished)});
  start_next();
  rest_when_idle();
}

}  // namespace troupe
