#include "actors/task_queue/task_queue_actor.hpp"

#include "runtime/lane/caf_compat.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

namespace troupe {

task_queue_shell::task_queue_shell(caf::actor_config& config, const stage& where, task_queue_id id,
                                   bool watched)
    : task_queue_actor::base(config), stage_(where), watched_(watched) {
  state_.id = std::move(id);
  // Answers to claims of a queue that failed must not be taken for answers to this one's.
  state_.next_collector = static_cast<std::uint32_t>(where.on.unique_us());
}

template <class Command>
auto task_queue_shell::receive(void (task_queue_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    if (failed_)
      return pass_on(command);
    try {
      (this->*handle)(command);
    } catch (...) {
      fail(command);
    }
  };
}

// What the tasks tell they will tell the successor again; the rest comes to it by way of the
// directory.
template <class Command>
void task_queue_shell::pass_on(Command& command) {
  constexpr bool will_be_told_again =
      std::is_same_v<Command, enqueue_run> || std::is_same_v<Command, dequeue_run> ||
      std::is_same_v<Command, reprioritise_run> || std::is_same_v<Command, release_run> ||
      std::is_same_v<Command, resume_claim> || std::is_same_v<Command, renew_claim> ||
      std::is_same_v<Command, queue_timer_fired>;
  if constexpr (!will_be_told_again)
    stage_.board.tell(stage_.on, std::move(command));
}

template <class Command>
void task_queue_shell::fail(Command& command) {
  const auto why = describe_exception(std::current_exception());
  failed_ = true;
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  stage_.board.tell(stage_.on, queue_failed{state_.id, why});
  const auto error = failed_actor("task queue " + state_.id.text, why);
  carry_out(give_up_waiting(state_, &error));
  if constexpr (answerable<Command>)
    stage_.on.deliver(command.reply, answer{error});
  else
    pass_on(command);
}

task_queue_shell::behavior_type task_queue_shell::make_behavior() {
  return {
      receive(&task_queue_shell::enqueue),      receive(&task_queue_shell::dequeue),
      receive(&task_queue_shell::reprioritise), receive(&task_queue_shell::admit),
      receive(&task_queue_shell::release),      receive(&task_queue_shell::resume),
      receive(&task_queue_shell::renew),        receive(&task_queue_shell::claim),
      receive(&task_queue_shell::withdraw),     receive(&task_queue_shell::answered),
      receive(&task_queue_shell::count),        receive(&task_queue_shell::list_pending),
      receive(&task_queue_shell::list_claimed), receive(&task_queue_shell::explain),
      receive(&task_queue_shell::quarantine),   receive(&task_queue_shell::watch),
      receive(&task_queue_shell::retire),       receive(&task_queue_shell::remove),
      receive(&task_queue_shell::tell_counts),  receive(&task_queue_shell::time_came),
  };
}

void task_queue_shell::on_exit() {
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  // Its directory failed: who waits comes back and finds another.
  if (!failed_)
    carry_out(give_up_waiting(state_, nullptr));
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  state_ = {};
}

void task_queue_shell::on_timer() {
  timer_ = 0;
  stage_.on.executor().post(caf::actor_cast<task_queue_actor>(this), queue_timer_fired{state_.id});
}

void task_queue_shell::enqueue(enqueue_run& command) {
  carry_out(on_enqueue(state_, command, stage_.on.now()));
  demand_moved();
}

void task_queue_shell::dequeue(dequeue_run& command) {
  on_dequeue(state_, command);
  demand_moved();
}

void task_queue_shell::reprioritise(reprioritise_run& command) {
  carry_out(on_reprioritise(state_, command, stage_.on.now()));
}

void task_queue_shell::admit(admit_claim& command) {
  stage_.board.tell(stage_.on, on_admit(state_, command, stage_.on.now()));
}

void task_queue_shell::release(release_run& command) {
  on_release(state_, command);
  demand_moved();
}

void task_queue_shell::resume(resume_claim& command) {
  on_resume_claim(state_, command);
  demand_moved();
  // What the worker's record had not written yet comes to it in this way.
  stage_.board.tell(
      stage_.on,
      worker_claimed{
          state_.id, std::move(command.worker), {handed_out_run{command.task, command.run}}, {}});
}

void task_queue_shell::renew(renew_claim& command) { on_renew_claim(state_, command); }

void task_queue_shell::claim(claim_work& command) {
  const auto now = stage_.on.now();
  stage_.board.tell(stage_.on, queue_seen{state_.id, command.worker, now, now + queue_lasts});
  auto decision = on_claim_work(state_, command, now, end_of_wait(now, stage_.parts.claim_wait));
  const bool waits = decision.claims.empty();
  carry_out(std::move(decision));
  if (!waits)
    return;  // the worker's record hears of it with what it gets
  stage_.board.tell(stage_.on, worker_seen{state_.id, std::move(command.worker), now});
}

void task_queue_shell::withdraw(withdraw_claim& command) {
  carry_out(on_withdraw(state_, command));
}

void task_queue_shell::answered(claim_answered& command) {
  carry_out(on_claim_answered(state_, std::move(command), stage_.on.now()));
  demand_moved();
}

void task_queue_shell::count(get_queue_counts& command) {
  const auto counts = count_runs_of(state_, stage_.on.now(), stage_.parts.task.claim_timeout);
  stage_.on.deliver(command.reply, answer{counts_text(state_.id, counts, command.pending_only)});
}

void task_queue_shell::explain(explain_run& command) {
  const auto now = stage_.on.now();
  const auto counts = count_runs_of(state_, now, stage_.parts.task.claim_timeout);
  stage_.on.deliver(command.reply,
                    answer{explanation_text(place_of(state_, command, now), counts)});
}

void task_queue_shell::tell_counts(count_runs& command) {
  const auto counts = count_runs_of(state_, stage_.on.now(), stage_.parts.task.claim_timeout);
  stage_.board.tell(stage_.on, runs_counted{state_.id, command.number, counts.pending,
                                            counts.claimed, counts.waiting});
}

void task_queue_shell::quarantine(set_quarantine& command) {
  carry_out(on_quarantine(state_, command, stage_.on.now()));
}

void task_queue_shell::watch(watch_demand&) {
  watched_ = true;
  demand_moved();
}

void task_queue_shell::retire(retire_workers& command) {
  stage_.board.tell(stage_.on, on_retire(state_, command));
}

void task_queue_shell::remove(remove_worker& command) {
  carry_out(on_remove_worker(state_, command));
  stage_.board.tell(stage_.on, worker_removed{state_.id, std::move(command.worker)});
}

void task_queue_shell::time_came(queue_timer_fired&) {
  carry_out(troupe::on_timer(state_, stage_.on.now()));
}

void task_queue_shell::carry_out(task_queue_decision&& decision) {
  for (auto& claim : decision.claims)
    stage_.board.tell(stage_.on, std::move(claim));
  for (auto& back : decision.returned)
    stage_.board.tell(stage_.on, std::move(back));
  // The claims in an answer are commits of this lane, or were safe before they came here.
  auto& store = stage_.store();
  for (auto& [reply, result] : decision.answers)
    store.answer(result.handed_out.empty() ? 0 : store.last(), reply, std::move(result));
  for (auto& handed : decision.handed)
    stage_.board.tell(stage_.on, worker_claimed{state_.id, std::move(handed.worker),
                                                std::move(handed.runs), stage_.on.now()});
  arm_timer();
}

// A timer that goes off too early does no harm; one that went off too late would.
void task_queue_shell::arm_timer() {
  const auto due = next_timer(state_);
  if (!due || (timer_ != 0 && armed_for_ <= *due))
    return;
  stage_.on.cancel_timer(timer_);
  timer_ = stage_.on.add_timer(*due, *this);
  armed_for_ = *due;
}

void task_queue_shell::demand_moved() {
  if (watched_)
    stage_.board.tell(stage_.on,
                      demand_changed{state_.id, static_cast<std::uint32_t>(state_.pending.size()),
                                     static_cast<std::uint32_t>(state_.claimed.size())});
}

}  // namespace troupe
