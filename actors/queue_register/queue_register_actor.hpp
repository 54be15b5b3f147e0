#pragma once

#include "actors/company/stage.hpp"
#include "actors/queue_register/queue_register_rules.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_actor.hpp"

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe {

/// The shell of the register of a lane's task queues. Sightings are exact in memory at once and
/// written a moment later. Which workers there are it keeps in memory alone: their own records say
/// so, in Redis when it begins, and by message from then on.
class queue_register_shell : public service_actor<queue_register_actor, register_timer_fired> {
 public:
  queue_register_shell(caf::actor_config& config, const stage& where,
                       std::function<void()> successor);

  const char* name() const override { return "troupe.queue_register"; }
  behavior_type make_behavior() override;

 private:
  // A page of queues, until every lane has told what it has.
  struct queue_listing {
    list_queues command;
    std::vector<std::vector<queue_row>> parts;
    std::size_t missing = 0;
  };
  // A page of workers, until those that were chosen have told how they are listed.
  struct worker_listing {
    list_workers command;
    std::vector<std::string> entries;
    std::vector<std::string> chosen;  // what the present ones told, by place
    std::size_t missing = 0;
    std::optional<worker_name> last;
    bool more = false;
  };

  std::optional<timestamp> next_due() const override;
  void leave() override;
  void hand_over_unwritten();
  void open();
  void ask_redis();
  void take_records(const redis_reply& records);
  void take_workers(const redis_reply& expiries, const redis_reply& quarantines);

  void seen(queue_seen& command);
  void declared(queue_declared& command);
  void noted(worker_noted& command);
  void show(get_task_queue& command);
  void list(list_queues& command);
  void find(find_queues& command);
  void found(queues_found& command);
  void show_worker(get_worker& command);
  void list_workers_of(list_workers& command);
  void explain(explain_workers& command);
  void described(workers_described& command);
  void measure(measure_queues& command);
  void write_now(write_workers& command);
  void time_came(register_timer_fired& command);
  void expire(expire_now& command);
  void forget(const std::vector<task_queue_id>& queues);

  void finish_queues(const queue_listing& listing);
  void go_on(std::uint32_t number);
  void finish_workers(worker_listing& listing);
  void give_up_listings();
  commit_number write(const std::string& queue);
  void write_all();
  void write_soon();
  std::chrono::milliseconds delay() const { return stage_.parts.expiration_delay; }

  const stage& stage_;
  queue_register_state state_;
  std::unordered_map<std::uint32_t, queue_listing> queue_listings_;
  std::unordered_map<std::uint32_t, worker_listing> worker_listings_;
  std::uint32_t next_number_;
  timestamp write_at_;  // 0: nothing is to be written
};

}  // namespace troupe
