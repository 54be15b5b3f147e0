#include "actors/task/task_actor.hpp"

#include "actors/task/absent_task.hpp"
#include "actors/task/task_actor_announcement.hpp"
#include "actors/task/task_wire.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/memory.hpp"

#include <algorithm>

namespace troupe {

namespace {

// The text of a status is needed several times while a command is handled, and never after that, so
// the tasks of a lane write theirs to one place.
struct written_status {
  const void* of = nullptr;
  std::string text;
};
thread_local written_status last_status;

}  // namespace

task_shell::task_shell(caf::actor_config& config, const stage& where, const task_id& id)
    : task_actor::base(config), stage_(where) {
  expect_more_like(this);
  forget_status();  // of one that stood here before
  state_.id = id;
}

task_shell::task_shell(caf::actor_config& config, const stage& where, task_state state,
                       task_origin from)
    : task_actor::base(config),
      stage_(where),
      state_(std::move(state)),
      settled_(from == task_origin::settled && state_.is_terminal()),
      announced_(from == task_origin::rest) {
  forget_status();
}

task_shell::task_shell(caf::actor_config& config, const stage& where, task_state state,
                       const graph_mark& mark)
    : task_actor::base(config), stage_(where), state_(std::move(state)) {
  forget_status();
  wait_for_graph(mark.graph, mark.decided);
}

// For the one that takes the place of this one. Answers to a creation that is no more, and times of
// this one, are nobody's.
template <class Command>
void task_shell::pass_on(Command& command) {
  constexpr bool is_for_this_one = std::is_same_v<Command, membership_answered> ||
                                   std::is_same_v<Command, dependency_state> ||
                                   std::is_same_v<Command, answer_roll>;
  if constexpr (!is_for_this_one)
    stage_.board.tell(stage_.on, std::move(command));
}

// Within a handler of an exception.
template <class Command>
void task_shell::fail(Command& command) {
  const auto why = report_failure();
  if constexpr (answerable<Command>) {
    stage_.on.deliver(command.reply, answer{failed_actor("task " + state_.id.str(), why)});
  } else if constexpr (std::is_same_v<Command, claim_run>) {
    claim_answered refusal{state_.definition->queue, state_.id,        command.run,
                           command.collector,        command.position, {}};
    stage_.board.tell(stage_.on, std::move(refusal));
    // It may have been claimed before it failed, and nobody has heard of that.
    stage_.board.tell(stage_.on, return_run{state_.id, command.run});
  } else if constexpr (std::is_same_v<Command, reserve_dependent>) {
    dependency_state result;
    result.task = command.dependent;
    result.required = state_.id;
    result.failed = true;
    stage_.board.tell(stage_.on, std::move(result));
  } else if constexpr (std::is_same_v<Command, prepare_member>) {
    answer_absent(stage_, command);
  } else {
    pass_on(command);
  }
}

// Handlers count what the shard sent, so that a task never leaves while a message is on its way.
// They are told apart by their types: every task carries them, so they should hold nothing else.
template <auto Handle, class Command>
auto task_shell::receive_as(void (task_shell::*)(Command&)) {
  return [this](Command& command) {
    if (failed_)
      return pass_on(command);
    ++received_;
    try {
      if constexpr (!makes_a_task<Command>)
        if (!state_.definition) {  // its creation was refused, and the shard does not know yet
          answer_absent(stage_, command);
          if (stage_.store().safe() >= last_commit_)
            stage_.board.tell(stage_.on, offer_leave{state_.id, received_});
          return;
        }
      // Nobody outside sees a task that has expired, also while its record is there.
      if constexpr (answerable<Command> && !std::is_same_v<Command, create_task>)
        if (state_.definition->expires < stage_.on.now())
          return answer_absent(stage_, command);
      (this->*Handle)(command);
    } catch (...) {
      return fail(command);
    }
    forget_status();
  };
}

template <auto Handle>
auto task_shell::receive() {
  return receive_as<Handle>(Handle);
}

task_shell::behavior_type task_shell::make_behavior() {
  try {
    if (creation_ && creation_->revived)
      reveal();
    else if (state_.definition && !creation_)
      announce();
  } catch (...) {
    report_failure();
  }
  return {
      receive<&task_shell::create>(),
      receive<&task_shell::show_definition>(),
      receive<&task_shell::show_status>(),
      receive<&task_shell::explain>(),
      receive<&task_shell::schedule>(),
      receive<&task_shell::rerun>(),
      receive<&task_shell::cancel>(),
      receive<&task_shell::reprioritise>(),
      receive<&task_shell::change_with_group>(),
      receive<&task_shell::claim_this>(),
      receive<&task_shell::claim_admitted_run>(),
      receive<&task_shell::claim>(),
      receive<&task_shell::reclaim>(),
      receive<&task_shell::report>(),
      receive<&task_shell::give_back>(),
      receive<&task_shell::put_artifact>(),
      receive<&task_shell::find_artifact>(),
      receive<&task_shell::finish_object>(),
      receive<&task_shell::begin_upload>(),
      receive<&task_shell::end_upload>(),
      receive<&task_shell::read_object_of>(),
      receive<&task_shell::show_artifact>(),
      receive<&task_shell::show_artifacts>(),
      receive<&task_shell::expire>(),
      receive<&task_shell::reserve>(),
      receive<&task_shell::confirm>(),
      receive<&task_shell::withdraw>(),
      receive<&task_shell::take_dependency>(),
      receive<&task_shell::dependency_done>(),
      receive<&task_shell::resume>(),
      receive<&task_shell::show_dependents>(),
      receive<&task_shell::acknowledged>(),
      receive<&task_shell::take_membership>(),
      [this](task_timer_fired& command) {
        if (failed_)
          return;
        try {
          on_time(command);
        } catch (...) {
          report_failure();
        }
      },
      receive<&task_shell::tell_again>(),
      [this](leave_stage& command) { leave(command); },
      receive<&task_shell::prepare>(),
      receive<&task_shell::advance>(),
  };
}

void task_shell::on_exit() {
  stage_.on.cancel_timer(timer_);
  timer_ = 0;
  give_up("its shard failed");
  state_ = {};
  forget_status();
  creation_.reset();
  artifacts_.reset();
}

void task_shell::on_timer() {
  timer_ = 0;
  stage_.on.executor().post(caf::actor_cast<task_actor>(this), task_timer_fired{state_.id});
}

void task_shell::on_time(task_timer_fired&) {
  if (is_quiet()) {
    if (stage_.store().safe() >= last_commit_)
      return stage_.board.tell(stage_.on, offer_leave{state_.id, received_});
    return arm_timer();
  }
  const auto now = stage_.on.now();
  const auto decision = decide_timer(state_, now, stage_.on.unique_us(), stage_.parts.task);
  if (decision.changes.empty() && decision.effects.empty() && offers_rest(now))
    stage_.board.tell(stage_.on,
                      offer_rest{state_.id, received_, *next_timer(state_, now, stage_.parts.task),
                                 state_.dependents.empty()});
  else
    carry_out(decision);
  if (timer_ == 0)
    arm_timer();
}

void task_shell::leave(leave_stage&) { quit(); }

// Nothing is left to be done for it, and nobody waits for it.
bool task_shell::is_quiet() const {
  return !creation_ &&
         (!artifacts_ || (artifacts_->later.empty() && artifacts_->leaving.empty())) &&
         (!state_.definition || (state_.is_terminal() && settled_));
}

// It waits for others, and all there is to know of it is in Redis.
bool task_shell::may_rest() const {
  return !creation_ && state_.definition && !state_.is_terminal() && !state_.is_running() &&
         (!artifacts_ || (artifacts_->later.empty() && artifacts_->leaving.empty()));
}

// Nobody asked for it since its timer was set the last time.
bool task_shell::offers_rest(timestamp now) {
  const bool asked_for = std::exchange(received_before_, received_) != received_;
  return !asked_for && may_rest() && stage_.store().safe() >= last_commit_ &&
         std::all_of(state_.dependents.begin(), state_.dependents.end(),
                     [](const task_dependent& dependent) { return dependent.confirmed; }) &&
         next_timer(state_, now, stage_.parts.task).has_value();
}

void task_shell::arm_timer() {
  stage_.on.cancel_timer(timer_);
  timer_ = 0;
  const auto now = stage_.on.now();
  if (is_quiet()) {
    timer_ = stage_.on.add_timer(now + stage_.parts.quiet_time, *this);
  } else if (state_.definition && !creation_) {
    if (const auto due = next_timer(state_, now, stage_.parts.task))
      timer_ = stage_.on.add_timer(may_rest() ? std::min(*due, now + stage_.parts.rest_time) : *due,
                                   *this);
  }
}

// After a restart or a failure the others hear what they should know of this task.
void task_shell::announce() {
  auto& board = stage_.board;
  auto& on = stage_.on;
  forget_expired();
  if (!settled_ && !announced_) {
    const auto& definition = *state_.definition;
    on.raise_unique_us(state_.enqueued_us);
    announce_to_group(stage_, state_);
    for (const auto& required : state_.open_dependencies)
      if (required != state_.id)
        board.tell(on, resume_dependent{required, state_.id, definition.requires_rule,
                                        definition.expires});
    if (state_.is_terminal())
      signal(*resolution_of(state_), true, on.now());
    else
      announce_to_queue(stage_, state_);
  }
  announced_ = true;
  arm_timer();
}

// Queues or groups of a lane came back and know nothing of their tasks.
void task_shell::tell_again(answer_roll& command) {
  if (creation_ && !creation_->repeated)
    return;
  const auto& definition = *state_.definition;
  const auto& owner = command.of == roll_caller::queues ? std::string_view{definition.queue.text}
                                                        : definition.group.view();
  if (lane_of_shard(shard_of(owner), stage_.on.lane_count()) != command.lane)
    return;
  if (command.of == roll_caller::queues)
    return announce_to_queue(stage_, state_);
  if (settled_)
    return;
  announce_to_group(stage_, state_);
  if (state_.is_terminal() && !group_informed_)
    stage_.board.tell(stage_.on, member_resolved{definition.group, state_.id, true});
}

// -- carrying out ---------------------------------------------------------------------------------

void task_shell::carry_out(const task_decision& decision, bool is_new) {
  const bool had_resolved = state_.ever_resolved;
  // Nothing may fail between a commit and telling the others of it.
  const auto now = stage_.on.now();
  for (const auto& change : decision.changes)
    apply(state_, change);
  const bool changed = is_new || !decision.changes.empty();
  if (changed)
    forget_status();
  const bool publishes =
      std::any_of(decision.effects.begin(), decision.effects.end(), [](const task_effect& effect) {
        return effect.what <= task_effect::kind::publish_priority_changed;
      });
  const bool redefined = std::any_of(
      decision.changes.begin(), decision.changes.end(),
      [](const task_change& change) { return change.what == task_change::kind::priority_changed; });
  if (changed || publishes) {
    auto& commands = stage_.store().begin_commit();
    if (changed)
      write_row(commands, is_new, is_new || redefined);
    write_events(decision);
    last_commit_ = stage_.store().end_commit();
  }
  tell_others(decision, had_resolved, now);
  if (changed)
    arm_timer();
}

void task_shell::write_row(resp_writer& commands, bool is_new, bool with_definition) {
  const auto prefix = shard_key_prefix(shard());
  const auto id = state_.id.view();
  const resp_writer::joined key{prefix, "task:", id};
  const auto internal = internal_text(state_);
  if (with_definition)
    commands.command("HSET", key, "def", state_.definition->json, "status", status(), "x",
                     internal);
  else
    commands.command("HSET", key, "status", status(), "x", internal);
  if (is_new)
    commands.command("ZADD", resp_writer::joined{prefix, "expiry", {}},
                     state_.definition->expires.ms, id);
  if (settled_ && !state_.is_terminal()) {  // new, or rerun after it had been settled
    settled_ = false;
    commands.command("SADD", resp_writer::joined{prefix, "live", {}}, id);
  }
}

namespace {

struct event_of_effect {
  task_event event;
  bool has_worker;
};

std::optional<event_of_effect> event_for(const task_effect& effect) {
  using kind = task_effect::kind;
  switch (effect.what) {
    case kind::publish_defined:
      return event_of_effect{task_event::defined, false};
    case kind::publish_pending:
      return event_of_effect{task_event::pending, false};
    case kind::publish_running:
      return event_of_effect{task_event::running, true};
    case kind::publish_completed:
      return event_of_effect{task_event::completed, true};
    case kind::publish_failed:
      return event_of_effect{task_event::failed, true};
    case kind::publish_exception:
      return event_of_effect{task_event::exception, effect.with_worker};
    case kind::publish_priority_changed:
      return event_of_effect{task_event::priority_changed, false};
    default:
      return std::nullopt;
  }
}

}  // namespace

void task_shell::write_events(const task_decision& decision) {
  for (const auto& effect : decision.effects) {
    const auto kind = event_for(effect);
    if (!kind)
      continue;
    std::optional<run_id> run;
    const worker_name* worker = nullptr;
    if (kind->event != task_event::defined && kind->event != task_event::priority_changed) {
      run = effect.run;
      const auto& of = state_.runs[effect.run];
      if (kind->has_worker && of.started.ms != 0)
        worker = &of.worker;
    }
    // Written where the last one was: the store copies them.
    thread_local std::string key;
    thread_local std::string payload;
    key.clear();
    payload.clear();
    append_routing_key(key, state_, run, worker);
    if (kind->event == task_event::priority_changed)
      payload = priority_payload(state_, status(), effect.old_priority);
    else
      append_event_payload(payload, kind->event, state_, status(), run, worker);
    stage_.store().append_event(
        shard(), {exchange_of(kind->event), key, cc_of(*state_.definition), payload});
  }
}

void task_shell::tell_others(const task_decision& decision, bool had_resolved, timestamp now) {
  using kind = task_effect::kind;
  const auto& queue = state_.definition->queue;
  for (const auto& effect : decision.effects) {
    switch (effect.what) {
      case kind::enqueue:
        stage_.board.tell(stage_.on, enqueue_run{queue, state_.id, effect.run, state_.priority,
                                                 state_.enqueued_us, state_.definition->deadline});
        break;
      case kind::dequeue:
        stage_.board.tell(stage_.on, dequeue_run{queue, state_.id, effect.run, state_.priority,
                                                 state_.enqueued_us});
        break;
      case kind::reprioritise:
        stage_.board.tell(
            stage_.on,
            reprioritise_run{queue, state_.id, effect.run, effect.old_priority, state_.priority,
                             state_.enqueued_us, state_.definition->deadline});
        break;
      case kind::take:
        stage_.board.tell(stage_.on, dequeue_run{queue, state_.id, effect.run, state_.priority,
                                                 state_.enqueued_us});
        stage_.board.tell(stage_.on,
                          resume_claim{queue, state_.id, effect.run, state_.runs[effect.run].worker,
                                       state_.runs[effect.run].started});
        break;
      case kind::release:
        stage_.board.tell(stage_.on, release_run{queue, state_.id, effect.run});
        break;
      case kind::signal:
        signal(effect.resolution, had_resolved, now);
        break;
      default:
        break;
    }
  }
}

// The news of a resolution goes to the group and to every dependent; until all have it safe the
// task stays in the live set, so that a restart tells them again.
void task_shell::signal(task_resolution resolution, bool repeated, timestamp now) {
  group_informed_ = false;
  dependents_uninformed_.clear();
  for (const auto& dependent : state_.dependents)
    if (dependent.confirmed && dependent.id != state_.id && !is_expired(dependent, now))
      dependents_uninformed_.push_back(dependent.id);
  const auto informed = dependents_uninformed_;
  for (const auto& id : informed)
    stage_.board.tell(stage_.on, dependency_resolved{id, state_.id, resolution});
  stage_.board.tell(stage_.on, member_resolved{state_.definition->group, state_.id, repeated});
}

void task_shell::acknowledged(effect_acknowledged& command) {
  if (command.receiver == effect_receiver::group)
    group_informed_ = true;
  else if (command.dependent)
    std::erase(dependents_uninformed_, *command.dependent);
  if (group_informed_ && dependents_uninformed_.empty() && !settled_ && state_.is_terminal())
    settle();
}

void task_shell::settle() {
  settled_ = true;
  auto& commands = stage_.store().begin_commit();
  commands.command("SREM", resp_writer::joined{shard_key_prefix(shard()), "live", {}},
                   state_.id.view());
  last_commit_ = stage_.store().end_commit();
  arm_timer();
}

const std::string& task_shell::status() {
  if (last_status.of != this) {
    last_status.text.clear();
    append_status(last_status.text, state_);
    last_status.of = this;
  }
  return last_status.text;
}

void task_shell::forget_status() {
  if (last_status.of == this)
    last_status.of = nullptr;
}

void task_shell::answer_status(const reply_handle& reply) {
  stage_.store().answer(last_commit_, reply, answer{status_answer(status())});
}

void task_shell::refuse(const reply_handle& reply, api_error why) {
  stage_.store().answer(last_commit_, reply, answer{std::move(why)});
}

void task_shell::carry_out_for(const reply_handle& reply, outcome<task_decision> decision) {
  if (!decision)
    return refuse(reply, std::move(decision).error());
  carry_out(*decision);
  answer_status(reply);
}

}  // namespace troupe
