// What clients and workers ask of a task that exists.

#include "actors/task/task_actor.hpp"
#include "actors/task/task_wire.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/log/log.hpp"

#include <boost/json.hpp>

namespace troupe {

bool task_shell::allowed(const reply_handle& reply, outcome<void> verdict) {
  if (!verdict)
    refuse(reply, std::move(verdict).error());
  return verdict.has_value();
}

template <class Command>
bool task_shell::authorised(const Command& command, std::string_view verb) {
  return allowed(command.reply,
                 stage_.parts.authorise_on_task(*command.by, verb, state_.id, *state_.definition));
}

void task_shell::show_definition(get_task& command) {
  if (!postponed(command))
    stage_.store().answer(last_commit_, command.reply, answer{state_.definition->json});
}

void task_shell::show_status(get_status& command) {
  if (!postponed(command))
    answer_status(command.reply);
}

void task_shell::explain(explain_task& command) {
  if (!postponed(command))
    stage_.store().answer(last_commit_, command.reply, answer{explanation_text(state_, status())});
}

void task_shell::schedule(schedule_task& command) {
  if (!postponed(command) && authorised(command, "schedule"))
    carry_out_for(command.reply, decide_schedule(state_, stage_.on.now(), stage_.on.unique_us()));
}

void task_shell::rerun(rerun_task& command) {
  if (!postponed(command) && authorised(command, "rerun"))
    carry_out_for(command.reply,
                  decide_rerun(state_, stage_.on.now(), stage_.on.unique_us(), stage_.parts.task));
}

void task_shell::cancel(cancel_task& command) {
  if (!postponed(command) && authorised(command, "cancel"))
    carry_out_for(command.reply, decide_cancel(state_, stage_.on.now()));
}

void task_shell::reprioritise(change_task_priority& command) {
  if (postponed(command))
    return;
  if (allowed(command.reply,
              stage_.parts.authorise_priority(*command.by, state_.id, *state_.definition)))
    carry_out_for(command.reply, decide_priority(state_, command.priority, stage_.on.now()));
}

// As all members of the group do; the group tells who asked for it.
void task_shell::change_with_group(change_member& command) {
  if (postponed(command))
    return;
  const auto now = stage_.on.now();
  const auto decision = command.what == group_change::cancel
                            ? decide_cancel_in_group(state_, now)
                            : decide_priority_in_group(state_, command.priority, now);
  carry_out(decision);
  const auto outcome =
      decision.changes.empty() ? member_outcome::unchanged : member_outcome::changed;
  stage_.board.tell(stage_.on, member_changed{command.group, state_.id, command.work, outcome});
}

// The queue knows which workers are in quarantine.
void task_shell::claim_this(claim_task& command) {
  if (postponed(command))
    return;
  const auto& queue = state_.definition->queue;
  if (allowed(command.reply, stage_.parts.authorise_claim(*command.by, queue, command.worker)))
    stage_.board.tell(stage_.on, admit_claim{queue, state_.id, command.run,
                                             std::move(command.worker), command.reply});
}

void task_shell::claim_admitted_run(claim_admitted& command) {
  if (postponed(command))
    return;
  const auto now = stage_.on.now();
  // Of the queue alone: a worker that claims so need not be known (queue contract 8.4).
  stage_.board.tell(stage_.on,
                    queue_seen{state_.definition->queue, {}, now, now + queue_lasts_alone});
  auto decision = decide_claim_task(state_, command, now, stage_.parts.task);
  if (!decision)
    return refuse(command.reply, std::move(decision).error());
  carry_out(*decision);
  // An answer that nobody takes is not given back: whoever claimed may claim again.
  stage_.store().answer(last_commit_, command.reply,
                        answer{claim_text(state_, status(), credentials(now))});
}

void task_shell::claim(claim_run& command) {
  claim_answered result{{}, state_.id, command.run, command.collector, command.position, {}};
  const auto now = stage_.on.now();
  result.queue = state_.definition->queue;
  if (const auto decision = decide_claim(state_, command, now, stage_.parts.task)) {
    carry_out(*decision);
    result.claim_json = claim_text(state_, status(), credentials(now));
    result.claimed = now;
  }
  stage_.board.tell(stage_.on, std::move(result));
}

void task_shell::reclaim(reclaim_run& command) {
  if (postponed(command))
    return;
  const auto now = stage_.on.now();
  auto decision = decide_reclaim(state_, command.run, now, stage_.parts.task);
  // Whoever reclaims is there, also when it comes too late (queue contract 8.4).
  const auto& queue = state_.definition->queue;
  if (command.run < state_.runs.size() && !state_.runs[command.run].worker.id.empty()) {
    const auto& worker = state_.runs[command.run].worker;
    stage_.board.tell(stage_.on, worker_seen{queue, worker, now});
    stage_.board.tell(stage_.on, queue_seen{queue, worker, now, now + queue_lasts});
  }
  if (!decision)
    return refuse(command.reply, std::move(decision).error());
  carry_out(*decision);
  const auto& worker = state_.runs[command.run].worker;
  log_record(severity::notice, "task-reclaimed",
             {{"workerGroup", worker.group},
              {"workerId", worker.id},
              {"taskId", state_.id.view()},
              {"runId", command.run},
              {"v", 1}},
             "queue");
  stage_.board.tell(stage_.on, renew_claim{queue, state_.id, command.run, now});
  stage_.store().answer(last_commit_, command.reply,
                        answer{reclaim_text(state_, status(), credentials(now))});
}

void task_shell::report(report_run& command) {
  if (!postponed(command))
    carry_out_for(command.reply, decide_report(state_, command.run, command.report, stage_.on.now(),
                                               stage_.on.unique_us()));
}

void task_shell::give_back(return_run& command) {
  if (postponed(command))
    return;
  const auto decision =
      decide_worker_gone(state_, command.run, stage_.on.now(), stage_.on.unique_us());
  carry_out(decision);
  if (decision.changes.empty() || command.reason.empty())
    return;
  const auto& worker = state_.runs[command.run].worker;
  log_record(severity::notice, "task-resolved-by-worker-removed",
             {{"taskId", state_.id.view()},
              {"runId", command.run},
              {"workerGroup", worker.group},
              {"workerId", worker.id},
              {"workerPoolId", state_.definition->queue.text},
              {"reason", command.reason},
              {"v", 1}},
             "queue");
}

std::string task_shell::credentials(timestamp now) const {
  const auto& run = state_.last_run();
  return stage_.parts.credentials(state_.id, state_.last_run_id(), run.worker, now, run.taken_until,
                                  state_.definition->scopes);
}

}  // namespace troupe
