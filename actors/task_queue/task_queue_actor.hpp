#pragma once

#include "actors/company/stage.hpp"
#include "actors/task_queue/run_listing.hpp"
#include "actors/task_queue/task_queue_rules.hpp"
#include "messages/interfaces.hpp"
#include "messages/register_commands.hpp"
#include "runtime/supervision/service_guard.hpp"

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace troupe {

/// The shell of one task queue. It writes nothing: all it knows the tasks can tell again.
class task_queue_shell : public task_queue_actor::base, public timer_target {
 public:
  /// `watched` says that a pool wants to hear of its demand.
  task_queue_shell(caf::actor_config& config, const stage& where, task_queue_id id, bool watched);

  const char* name() const override { return "troupe.task_queue"; }
  behavior_type make_behavior() override;
  void on_exit() override;
  void on_timer() override;

 private:
  template <class Command>
  auto receive(void (task_queue_shell::*handle)(Command&));
  template <class Command>
  void fail(Command& command);
  template <class Command>
  void pass_on(Command& command);

  void enqueue(enqueue_run& command);
  void dequeue(dequeue_run& command);
  void reprioritise(reprioritise_run& command);
  void admit(admit_claim& command);
  void release(release_run& command);
  void resume(resume_claim& command);
  void renew(renew_claim& command);
  void claim(claim_work& command);
  void withdraw(withdraw_claim& command);
  void answered(claim_answered& command);
  void count(get_queue_counts& command);
  void list_pending(list_pending_tasks& command);
  void list_claimed(list_claimed_tasks& command);
  void quarantine(set_quarantine& command);
  void watch(watch_demand& command);
  void retire(retire_workers& command);
  void remove(remove_worker& command);
  void tell_counts(count_runs& command);
  void explain(explain_run& command);
  void time_came(queue_timer_fired& command);

  struct page_reading;
  void read_page(run_page page, const reply_handle& reply);
  template <class Job>
  void go_on(page_reading& reading, Job job);
  void read_definitions(const std::shared_ptr<page_reading>& reading);
  void take_definitions(page_reading& reading, std::size_t first,
                        const std::vector<redis_reply>& replies);
  void answer_page(page_reading& reading);

  void carry_out(task_queue_decision&& decision);
  void arm_timer();
  void demand_moved();

  const stage& stage_;
  task_queue_state state_;
  timer_id timer_ = 0;
  timestamp armed_for_;  // what the timer is set to, when it is
  bool watched_;
  bool failed_ = false;
};

/// The shell that finds the queues of one lane. A queue that failed is put together again from what
/// the tasks tell; until all have told, it hands nothing out.
class queue_directory_shell : public queue_directory_actor::base {
 public:
  queue_directory_shell(caf::actor_config& config, const stage& where,
                        std::function<void()> successor);

  const char* name() const override { return "troupe.queue_directory"; }
  behavior_type make_behavior() override;
  void on_exit() override;

 private:
  struct entry {
    task_queue_actor actor;
    bool gathering = false;  // not every task has told yet
    std::vector<std::function<void()>> later;
  };

  template <class Command>
  auto receive(void (queue_directory_shell::*handle)(Command&));
  template <class Command>
  void route(Command& command);
  template <class Command>
  void ask(Command& command);
  void watch(watch_demand& command);
  void remember(roll_called& command);
  void replace(queue_failed& command);
  void take_place(take_over& command);

  // A question how busy all queues are; its row of a queue is complete when the queue has answered.
  struct measuring {
    std::unordered_map<task_queue_id, counted_workers> rows;
    std::string text;
    reply_handle reply;
  };
  void measure(measure_runs& command);
  void take_counts(runs_counted& command);
  void finish_measuring(std::uint32_t number);

  entry& make(const task_queue_id& id, bool gathering);
  void call_the_roll();
  void read_quarantines();
  void take_quarantine(set_quarantine& command);
  void one_more_told();

  const stage& stage_;
  service_guard guard_;
  std::unordered_map<task_queue_id, entry> queues_;
  std::unordered_set<task_queue_id> watched_;
  std::uint32_t roll_ = 0;          // number of the last roll
  std::uint32_t roll_missing_ = 0;  // who has not answered it yet
  std::unordered_map<std::uint32_t, measuring> measurings_;
  std::uint32_t next_measuring_ = 1;
  bool all_gather_ = false;  // also queues that nobody has named yet
};

}  // namespace troupe
