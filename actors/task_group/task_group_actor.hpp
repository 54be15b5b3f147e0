#pragma once

#include "actors/company/stage.hpp"
#include "actors/task_group/group_work.hpp"
#include "actors/task_group/member_roll.hpp"
#include "actors/task_group/task_group_rules.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_guard.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace troupe {

/// What a group still has to hear of its members.
enum class group_memory : std::uint8_t {
  complete,         ///< nothing: it was made, or loaded, with nobody unresolved
  after_restart,    ///< every live member will tell once
  after_a_failure,  ///< every live member will tell, some more than once
};

/// A group as the store holds it.
struct stored_group {
  task_group_state state;
  std::unique_ptr<group_work> work;  ///< what it was doing to its members; null: nothing
  std::vector<task_id> members;      ///< sorted; read only when they are to be heard
};

/// The shell of one task group.
class task_group_shell : public task_group_actor::base, public timer_target {
 public:
  task_group_shell(caf::actor_config& config, const stage& where, stored_group stored,
                   group_memory memory);

  const char* name() const override { return "troupe.task_group"; }
  behavior_type make_behavior() override;
  void on_exit() override;
  void on_timer() override;

 private:
  // While members are being heard.
  struct hearing {
    std::vector<task_id> members;
    std::unique_ptr<member_roll> roll;  // only after a failure
    std::vector<task_id> resolved;      // whose news is acknowledged when all were heard
  };

  template <class Command>
  auto receive(void (task_group_shell::*handle)(Command&));
  template <class Command>
  void fail(Command& command);
  template <class Job>
  void answer_by(const reply_handle& reply, Job job);
  std::string report_failure();
  void give_up(const std::string& why);
  bool is_quiet() const;
  void rest_when_idle();
  void withdraw(withdraw_member& command);
  void reserve(reserve_member& command);
  void confirm(confirm_member& command);
  void resolved(member_resolved& command);
  void resume(resume_member& command);
  void offer_leave(expire_group& command);
  void all_heard(members_counted& command);
  void list(list_group& command);
  void list_members(const list_group& command, redis_reply& ids);
  void write(bool with_record, const task_id* member);
  void write_record(resp_writer& commands);
  void append_event(std::string_view exchange, std::string_view payload);
  void publish_resolved();
  void acknowledge(const task_id& member);

  // task_group_actor_work.cpp: what is done to the whole group
  void show(get_group& command);
  void explain(explain_group& command);
  void seal(seal_group& command);
  void cancel(cancel_group& command);
  void reprioritise(change_group_priority& command);
  void member_answered(member_changed& command);
  void resume_work(resume_group_work& command);
  bool is_there(const reply_handle& reply);
  bool authorised(const reply_handle& reply, const caller_ptr& by, std::string_view verb);
  void answer_group(const reply_handle& reply);
  void nobody_is_on_the_way();
  void accept(group_job job);
  void start_next();
  void write_work();
  void ask_slice();
  void take_slice(std::uint64_t number, const redis_reply& ids);
  void go_on();
  void finish_work();
  template <class Job>
  void attempt(Job job);

  const stage& stage_;
  task_group_state state_;
  commit_number last_commit_ = 0;
  std::uint32_t received_ = 0;
  timer_id timer_ = 0;
  std::unique_ptr<hearing> hearing_;   // null: all were heard
  std::vector<reply_handle> sealers_;  // answered when no task is on its way in any more
  std::unique_ptr<group_work> work_;   // null: nothing is being done to all members
  std::deque<group_job> jobs_;         // one after the other
  bool failed_ = false;
};

/// The shell that finds the groups of one lane, and loads them. A group that failed counts its
/// members again: all tasks are asked.
class group_directory_shell : public group_directory_actor::base {
 public:
  group_directory_shell(caf::actor_config& config, const stage& where,
                        std::function<void()> successor);

  const char* name() const override { return "troupe.group_directory"; }
  behavior_type make_behavior() override;
  void on_exit() override;

  /// Before the lane opens: this group is stored.
  void know(std::string_view id) { known_.insert(hash_text(id)); }

  /// Before the lane opens: this group was doing something to its members, and goes on.
  void expect_work(const task_group_id& id) { at_work_.push_back(id); }

  /// After a restart, once all live members have resumed: news of resolutions, which were held
  /// back until then, reach their groups. Before, a group would not know who is still missing.
  void open();

 private:
  struct entry {
    task_group_actor actor;
    std::uint32_t sent = 0;
  };

  // A search for groups that expire before a time, page by page, which somebody waits for.
  struct group_sweep {
    std::uint16_t shard = 0;
    timestamp due;
    reply_handle reply;
    std::size_t offset = 0;
    std::size_t removed = 0;
  };

  template <class Command>
  auto receive(void (group_directory_shell::*handle)(Command&));
  template <class Command>
  void route(Command& command);
  template <class Command>
  void load(Command& command);
  void read(const task_group_id& id, bool with_members);
  void take_loaded(const task_group_id& id, std::vector<redis_reply>& replies);
  void let_go(leave_group& command);
  void replace(group_failed& command);
  void expire(expire_group& command);
  void expire_all(expire_now& command);
  void find_expired(group_sweep search);
  void take_expired(std::vector<task_group_id> due, group_sweep search);
  void forget_expired(const std::vector<task_group_id>& due, group_sweep search);
  bool is_used(const task_group_id& id) const;
  void forget(const task_group_id& id);
  void remember(roll_called& command);
  void take_place(take_over& command);
  void call_the_roll();
  void all_told();
  group_memory memory_of(const task_group_id& id) const;
  entry& make(stored_group stored);

  const stage& stage_;
  service_guard guard_;
  std::unordered_map<task_group_id, entry> groups_;
  boost::unordered_flat_set<std::uint64_t> known_;
  std::unordered_map<task_group_id, std::vector<std::function<void()>>> loading_;
  // Whose members are being heard: after a restart, and after a failure of this directory, those of
  // all groups.
  group_memory all_ = group_memory::after_restart;
  std::unordered_set<task_group_id> failed_groups_;
  std::vector<task_group_id> at_work_;  // that have not been told to go on yet
  std::uint32_t roll_ = 0;              // number of the last roll
  std::uint32_t roll_missing_ = 0;      // shards that have not answered it yet
};

}  // namespace troupe
