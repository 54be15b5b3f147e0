#include "runtime/lane/switchboard.hpp"

#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard_handles.hpp"
#include "runtime/store/lane_store.hpp"

namespace troupe {

switchboard::switchboard(std::vector<lane*> lanes)
    : lanes_(std::move(lanes)), handles_(std::make_unique<handles>()) {}

switchboard::~switchboard() = default;

namespace {

// While the company is replaced.
template <class Command>
void refuse(lane& on, const Command& command) {
  if constexpr (requires { command.reply; })
    on.deliver(command.reply,
               answer{make_api_error(error_code::service_unavailable,
                                     "The server is just starting anew; try again in a moment.")});
}

}  // namespace

template <class Handle, class Command>
void switchboard::hand_over(lane& from, std::uint16_t to_lane, const Handle& to,
                            Command&& command) {
  if constexpr (requires { command.reply; })
    if (!admits_.load(std::memory_order_relaxed) && command.reply)
      return refuse(from, command);
  auto& target = *lanes_[to_lane];
  if (&target == &from) {
    if (!to)
      return;
    from.executor().post(to, std::forward<Command>(command));
    if (!from.executor().running())
      from.drain();
    return;
  }
  // What leaves the lane must not tell of anything that a crash could still undo. Who is there to
  // take it is known on the other lane only.
  auto& store = from.store();
  auto carried = std::make_shared<std::decay_t<Command>>(std::forward<Command>(command));
  store.when_safe(store.last(), [this, &target, &to, carried] {
    target.post([this, &target, &to, carried] {
      if (to)
        target.executor().post(to, std::move(*carried));
      else if (!admits_.load(std::memory_order_relaxed))
        refuse(target, *carried);
    });
  });
}

namespace {

std::uint16_t lane_of(std::string_view id, std::size_t lanes) {
  return lane_of_shard(shard_of(id), static_cast<std::uint16_t>(lanes));
}

}  // namespace

#define TROUPE_TO_TASK(type)                                                         \
  void switchboard::tell(lane& from, type command) {                                 \
    const auto shard = shard_of(command.task.view());                                \
    hand_over(from, lane_of_shard(shard, static_cast<std::uint16_t>(lanes_.size())), \
              handles_->task_shards[shard], std::move(command));                     \
  }
TROUPE_TO_TASK(create_task)
TROUPE_TO_TASK(get_task)
TROUPE_TO_TASK(get_status)
TROUPE_TO_TASK(explain_task)
TROUPE_TO_TASK(schedule_task)
TROUPE_TO_TASK(rerun_task)
TROUPE_TO_TASK(cancel_task)
TROUPE_TO_TASK(change_task_priority)
TROUPE_TO_TASK(change_member)
TROUPE_TO_TASK(claim_task)
TROUPE_TO_TASK(claim_admitted)
TROUPE_TO_TASK(claim_run)
TROUPE_TO_TASK(reclaim_run)
TROUPE_TO_TASK(report_run)
TROUPE_TO_TASK(return_run)
TROUPE_TO_TASK(create_artifact)
TROUPE_TO_TASK(get_artifact)
TROUPE_TO_TASK(finish_artifact)
TROUPE_TO_TASK(create_upload)
TROUPE_TO_TASK(finish_upload)
TROUPE_TO_TASK(read_object)
TROUPE_TO_TASK(describe_artifact)
TROUPE_TO_TASK(list_artifacts)
TROUPE_TO_TASK(expire_artifact)
TROUPE_TO_TASK(artifact_expired)
TROUPE_TO_TASK(reserve_dependent)
TROUPE_TO_TASK(confirm_dependent)
TROUPE_TO_TASK(withdraw_dependent)
TROUPE_TO_TASK(dependency_state)
TROUPE_TO_TASK(dependency_resolved)
TROUPE_TO_TASK(resume_dependent)
TROUPE_TO_TASK(list_dependents)
TROUPE_TO_TASK(effect_acknowledged)
TROUPE_TO_TASK(membership_answered)
TROUPE_TO_TASK(offer_leave)
TROUPE_TO_TASK(offer_rest)
TROUPE_TO_TASK(task_failed)
TROUPE_TO_TASK(prepare_member)
TROUPE_TO_TASK(advance_member)
#undef TROUPE_TO_TASK

#define TROUPE_TO_QUEUE(type)                                            \
  void switchboard::tell(lane& from, type command) {                     \
    const auto place = lane_of(command.queue.text, lanes_.size());       \
    hand_over(from, place, handles_->queues[place], std::move(command)); \
  }
TROUPE_TO_QUEUE(enqueue_run)
TROUPE_TO_QUEUE(dequeue_run)
TROUPE_TO_QUEUE(reprioritise_run)
TROUPE_TO_QUEUE(admit_claim)
TROUPE_TO_QUEUE(release_run)
TROUPE_TO_QUEUE(resume_claim)
TROUPE_TO_QUEUE(renew_claim)
TROUPE_TO_QUEUE(claim_work)
TROUPE_TO_QUEUE(withdraw_claim)
TROUPE_TO_QUEUE(claim_answered)
TROUPE_TO_QUEUE(get_queue_counts)
TROUPE_TO_QUEUE(list_pending_tasks)
TROUPE_TO_QUEUE(list_claimed_tasks)
TROUPE_TO_QUEUE(explain_run)
TROUPE_TO_QUEUE(set_quarantine)
TROUPE_TO_QUEUE(watch_demand)
TROUPE_TO_QUEUE(retire_workers)
TROUPE_TO_QUEUE(remove_worker)
TROUPE_TO_QUEUE(queue_failed)
TROUPE_TO_QUEUE(count_runs)
TROUPE_TO_QUEUE(runs_counted)
#undef TROUPE_TO_QUEUE

void switchboard::tell(lane& from, measure_runs command) {
  hand_over(from, command.lane, handles_->queues[command.lane], std::move(command));
}

#define TROUPE_TO_GROUP(type)                                            \
  void switchboard::tell(lane& from, type command) {                     \
    const auto place = lane_of(command.group.view(), lanes_.size());     \
    hand_over(from, place, handles_->groups[place], std::move(command)); \
  }
TROUPE_TO_GROUP(reserve_member)
TROUPE_TO_GROUP(confirm_member)
TROUPE_TO_GROUP(withdraw_member)
TROUPE_TO_GROUP(member_resolved)
TROUPE_TO_GROUP(resume_member)
TROUPE_TO_GROUP(list_group)
TROUPE_TO_GROUP(get_group)
TROUPE_TO_GROUP(explain_group)
TROUPE_TO_GROUP(seal_group)
TROUPE_TO_GROUP(cancel_group)
TROUPE_TO_GROUP(change_group_priority)
TROUPE_TO_GROUP(member_changed)
TROUPE_TO_GROUP(leave_group)
TROUPE_TO_GROUP(group_failed)
TROUPE_TO_GROUP(expire_group)
#undef TROUPE_TO_GROUP

#define TROUPE_TO_GRAPH(type)                                            \
  void switchboard::tell(lane& from, type command) {                     \
    const auto place = lane_of(command.graph.view(), lanes_.size());     \
    hand_over(from, place, handles_->graphs[place], std::move(command)); \
  }
TROUPE_TO_GRAPH(create_graph)
TROUPE_TO_GRAPH(member_advanced)
TROUPE_TO_GRAPH(leave_graph)
TROUPE_TO_GRAPH(graph_failed)
#undef TROUPE_TO_GRAPH

void switchboard::tell(lane& from, call_roll command) {
  const auto place = lane_of_shard(command.shard, static_cast<std::uint16_t>(lanes_.size()));
  hand_over(from, place, handles_->task_shards[command.shard], std::move(command));
}

void switchboard::tell(lane& from, roll_called command) {
  if (command.of == roll_caller::queues)
    hand_over(from, command.lane, handles_->queues[command.lane], std::move(command));
  else
    hand_over(from, command.lane, handles_->groups[command.lane], std::move(command));
}

#define TROUPE_TO_WORKER(name, type)                                                    \
  void switchboard::name(lane& from, type command) {                                    \
    const auto shard =                                                                  \
        shard_of_worker(command.queue.text, command.worker.group, command.worker.id);   \
    const auto place = lane_of_shard(shard, static_cast<std::uint16_t>(lanes_.size())); \
    hand_over(from, place, handles_->workers[place], std::move(command));               \
  }
TROUPE_TO_WORKER(tell, worker_seen)
TROUPE_TO_WORKER(tell, worker_claimed)
TROUPE_TO_WORKER(tell_record, get_worker)
TROUPE_TO_WORKER(tell, quarantine_worker)
TROUPE_TO_WORKER(tell, declare_worker)
TROUPE_TO_WORKER(tell, check_worker)
TROUPE_TO_WORKER(tell, describe_worker)
TROUPE_TO_WORKER(tell, worker_lost)
TROUPE_TO_WORKER(tell, leave_worker)
TROUPE_TO_WORKER(tell, worker_failed)
#undef TROUPE_TO_WORKER

void switchboard::tell(lane& from, describe_workers command) {
  hand_over(from, command.lane, handles_->workers[command.lane], std::move(command));
}

void switchboard::tell(lane& from, note_workers command) {
  hand_over(from, command.lane, handles_->workers[command.lane], std::move(command));
}

#define TROUPE_TO_REGISTER(type)                                            \
  void switchboard::tell(lane& from, type command) {                        \
    const auto place = lane_of(command.queue.text, lanes_.size());          \
    hand_over(from, place, handles_->registers[place], std::move(command)); \
  }
TROUPE_TO_REGISTER(queue_seen)
TROUPE_TO_REGISTER(queue_declared)
TROUPE_TO_REGISTER(worker_noted)
TROUPE_TO_REGISTER(get_task_queue)
TROUPE_TO_REGISTER(get_worker)
TROUPE_TO_REGISTER(list_workers)
TROUPE_TO_REGISTER(explain_workers)
TROUPE_TO_REGISTER(workers_described)
#undef TROUPE_TO_REGISTER

#define TROUPE_TO_REGISTER_OF_LANE(type)                                                  \
  void switchboard::tell(lane& from, type command) {                                      \
    hand_over(from, command.lane, handles_->registers[command.lane], std::move(command)); \
  }
TROUPE_TO_REGISTER_OF_LANE(list_queues)
TROUPE_TO_REGISTER_OF_LANE(find_queues)
TROUPE_TO_REGISTER_OF_LANE(queues_found)
TROUPE_TO_REGISTER_OF_LANE(measure_queues)
#undef TROUPE_TO_REGISTER_OF_LANE

// A pool lives on the lane of its queue.
#define TROUPE_TO_POOL(type, member)                                    \
  void switchboard::tell(lane& from, type command) {                    \
    const auto place = lane_of(command.member.text, lanes_.size());     \
    hand_over(from, place, handles_->pools[place], std::move(command)); \
  }
TROUPE_TO_POOL(demand_changed, queue)
TROUPE_TO_POOL(workers_retired, queue)
TROUPE_TO_POOL(worker_removed, queue)
TROUPE_TO_POOL(worker_exited, pool)
TROUPE_TO_POOL(workers_reported, pool)
TROUPE_TO_POOL(explain_pool, pool)
TROUPE_TO_POOL(pool_failed, pool)
#undef TROUPE_TO_POOL

void switchboard::tell_pool(lane& from, worker_seen command) {
  const auto place = lane_of(command.queue.text, lanes_.size());
  hand_over(from, place, handles_->pools[place], std::move(command));
}

#define TROUPE_TO_PROVISIONER(type)                                   \
  void switchboard::tell(lane& from, type command) {                  \
    const auto found = handles_->provisioners.find(command.provider); \
    if (found != handles_->provisioners.end())                        \
      hand_over(from, 0, found->second, std::move(command));          \
  }
TROUPE_TO_PROVISIONER(start_worker)
TROUPE_TO_PROVISIONER(stop_worker)
TROUPE_TO_PROVISIONER(report_workers)
TROUPE_TO_PROVISIONER(machine_ended)
#undef TROUPE_TO_PROVISIONER

// A log lives on the lane of its task.
#define TROUPE_TO_LOG(type)                                            \
  void switchboard::tell(lane& from, type command) {                   \
    const auto place = lane_of(command.task.view(), lanes_.size());    \
    hand_over(from, place, handles_->logs[place], std::move(command)); \
  }
TROUPE_TO_LOG(append_log)
TROUPE_TO_LOG(finish_log)
TROUPE_TO_LOG(follow_log)
TROUPE_TO_LOG(log_run_resolved)
TROUPE_TO_LOG(follower_ready)
#undef TROUPE_TO_LOG

void switchboard::tell(lane& from, keep_log command) {
  const auto place = lane_of(command.task.view(), lanes_.size());
  hand_over(from, place, handles_->log_keepers[place], std::move(command));
}

void switchboard::tell(lane& from, review_logs command) {
  hand_over(from, command.lane, handles_->log_keepers[command.lane], std::move(command));
}

// Services live on lane 0.
#define TROUPE_TO_SERVICE(place, type)                       \
  void switchboard::tell(lane& from, type command) {         \
    hand_over(from, 0, handles_->place, std::move(command)); \
  }
TROUPE_TO_SERVICE(secrets, set_secret)
TROUPE_TO_SERVICE(secrets, remove_secret)
TROUPE_TO_SERVICE(secrets, get_secret)
TROUPE_TO_SERVICE(secrets, list_secrets)
TROUPE_TO_SERVICE(index, insert_indexed)
TROUPE_TO_SERVICE(index, delete_indexed)
TROUPE_TO_SERVICE(index, find_indexed)
TROUPE_TO_SERVICE(index, find_all_indexed)
TROUPE_TO_SERVICE(index, list_indexed)
TROUPE_TO_SERVICE(index, index_completed)
TROUPE_TO_SERVICE(index, index_told)
TROUPE_TO_SERVICE(index, catch_up_index)
TROUPE_TO_SERVICE(purge_cache, request_purge)
TROUPE_TO_SERVICE(purge_cache, list_purge_requests)
TROUPE_TO_SERVICE(purge_cache, find_purge_requests)
TROUPE_TO_SERVICE(objects, create_object)
TROUPE_TO_SERVICE(objects, finish_object)
TROUPE_TO_SERVICE(objects, find_object)
TROUPE_TO_SERVICE(mirror, find_copy)
TROUPE_TO_SERVICE(mirror, forget_copies)
TROUPE_TO_SERVICE(mirror, purge_copy)
TROUPE_TO_SERVICE(auth, read_auth)
TROUPE_TO_SERVICE(auth, change_client)
TROUPE_TO_SERVICE(auth, change_role)
TROUPE_TO_SERVICE(auth, client_used)
#undef TROUPE_TO_SERVICE

void switchboard::tell(lane& from, expire_now command) {
  const auto place = lane_of_shard(command.shard, static_cast<std::uint16_t>(lanes_.size()));
  switch (command.what) {
    case expiry_of::artifacts:
    case expiry_of::tasks:
      return hand_over(from, place, handles_->task_shards[command.shard], std::move(command));
    case expiry_of::groups:
      return hand_over(from, place, handles_->groups[place], std::move(command));
    case expiry_of::queues:
      return hand_over(from, place, handles_->registers[place], std::move(command));
    case expiry_of::secrets:
      return hand_over(from, 0, handles_->secrets, std::move(command));
    case expiry_of::index:
      return hand_over(from, 0, handles_->index, std::move(command));
    case expiry_of::clients:
      return hand_over(from, 0, handles_->auth, std::move(command));
    case expiry_of::objects:
      return hand_over(from, 0, handles_->objects, std::move(command));
  }
}

}  // namespace troupe
