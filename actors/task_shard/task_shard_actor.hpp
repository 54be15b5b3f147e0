#pragma once

#include "actors/company/stage.hpp"
#include "actors/task/artifact_sweep.hpp"
#include "actors/task/task_state.hpp"
#include "actors/task_shard/resting_tasks.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_guard.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <deque>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

namespace troupe {

/// The shell of one shard of tasks: finds the actor of a task, spawns it for a new id, loads it
/// from Redis for a stored one, also in the place of one that failed, and lets it go when it is
/// quiet: for good when it is resolved, and otherwise until somebody asks or its time comes.
class task_shard_shell : public task_shard_actor::base, public timer_target {
 public:
  task_shard_shell(caf::actor_config& config, const stage& where, std::uint16_t number,
                   std::function<void()> successor);

  const char* name() const override { return "troupe.task_shard"; }
  behavior_type make_behavior() override;
  void on_exit() override;
  void on_timer() override;

  /// Before the shard opens: this id is stored.
  void know(const task_id& id) { known_.insert(hash_text(id.view())); }

  /// Before the shard opens: this task is in the live set.
  void resume(task_state state);

  /// Before the shard opens: this task is in the live set, and need not be in memory.
  void resume_resting(const task_state& outline);
  /// Before the shard opens: graphs that were under way when the server ended, and whether each was
  /// decided. Holds until `begin_sweeping`.
  void judge_members_by(const std::map<task_graph_id, bool>& graphs) { judged_ = &graphs; }

  /// This one is a member of a graph and nobody has seen it yet. While the shard is not open it is
  /// revealed or removed, as was decided; later it waits for the graph's word.
  void resume_member(task_state state, const task_graph_id& graph);

  /// When everything is recovered: from now on it looks for expired artifacts.
  void begin_sweeping() {
    judged_ = nullptr;
    arm_sweep();
  }

  std::size_t live_tasks() const { return tasks_.size() + resting_.size(); }

 private:
  struct alarm final : timer_target {
    void on_timer() override { ring(); }
    std::function<void()> ring;
  };
  struct entry {
    task_actor actor;
    std::uint32_t sent = 0;  // messages handed on; a task that had them all may leave
  };

  // A search for tasks that have had their time, page by page.
  struct task_sweep {
    timestamp due;
    reply_handle reply;  // of who waits for it
    std::size_t offset = 0;
    std::size_t removed = 0;
  };

  template <class Command>
  auto receive(void (task_shard_shell::*handle)(Command&));
  template <class Command>
  void route(Command& command);
  template <class Command>
  void hand_on(entry& to, Command&& command);
  void change_member_of_group(change_member& command);
  template <class Command>
  void load(Command& command);
  void read(const task_id& id);
  void take_loaded(const task_id& id, std::vector<redis_reply>& replies);
  void let_go(offer_leave& command);
  void replace(task_failed& command);
  void let_rest(offer_rest& command);
  void wake(wake_resting& command);
  void arm_wake();
  void tell_of_resting(std::vector<task_id> ids, const call_roll& command);
  void tell_of_one(const redis_reply& row, const task_id& id, const call_roll& command);
  void ask_again(entry& who, const answer_roll& question);
  void finish_roll(const call_roll& command);
  void let_tell(call_roll& command);
  void take_place(take_over& command);
  void take_ids(std::vector<redis_reply>& replies);
  void read_live(std::vector<task_id> ids);
  void sweep(sweep_artifacts& command);
  void expire(expire_now& command);
  void begin_asked_sweep();
  void finish_sweep();
  void find_expired_tasks(task_sweep search);
  void take_expired_tasks(std::vector<task_id> due, task_sweep search);
  void ask_about(std::vector<task_id> due, task_sweep search);
  void remove(const task_id& id);
  void find_expired_groups();
  void read_expired();
  void take_expired_keys(const redis_reply& keys);
  void artifact_done(artifact_expired& command);
  void go_on_sweeping(sweep_step step);
  void arm_sweep();

  const stage& stage_;
  const std::uint16_t number_;
  service_guard guard_;
  boost::unordered_flat_map<task_id, entry, std::hash<task_id>> tasks_;
  // Hashes of stored ids: an id that is not among them is new, which costs no look-up.
  boost::unordered_flat_set<std::uint64_t> known_;
  std::unordered_map<task_id, std::vector<std::function<void()>>> loading_;
  resting_tasks resting_;
  alarm wake_alarm_;
  timer_id wake_timer_ = 0;
  timestamp wake_at_;
  const std::map<task_graph_id, bool>* judged_ = nullptr;  // only during recovery
  artifact_sweep sweep_;
  std::deque<expire_now> asked_;  // searches for artifacts that somebody waits for
  bool serves_asked_ = false;     // the present one is the first of these
  timer_id sweep_timer_ = 0;
};

/// Reads dependents from the edges of a task, as HGETALL gives them, and puts them into order.
std::vector<task_dependent> read_edges(const redisReply* edges);

}  // namespace troupe
