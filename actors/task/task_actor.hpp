#pragma once

#include "actors/company/stage.hpp"
#include "actors/task/artifact_rules.hpp"
#include "actors/task/graph_mark.hpp"
#include "actors/task/task_state.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_guard.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

class object_backend;

/// Where a stored task comes from.
enum class task_origin : std::uint8_t {
  settled,  ///< it is not in the live set: resolved, and everybody knows
  live,     ///< it is, and the others have to hear of it, again
  rest,     ///< it is, and the others know it
};

/// The shell of one task: receives, lets the rules decide, commits, applies, answers, and tells
/// the others.
class task_shell : public task_actor::base, public timer_target {
 public:
  /// A task that does not exist yet; `create_task` makes it.
  task_shell(caf::actor_config& config, const stage& where, const task_id& id);

  /// A task as the store holds it, with its written edges.
  task_shell(caf::actor_config& config, const stage& where, task_state state, task_origin from);

  /// A member of a graph as the store holds it, which nobody sees. When the graph is decided it is
  /// revealed at once, else it waits for the graph's word.
  task_shell(caf::actor_config& config, const stage& where, task_state state,
             const graph_mark& mark);

  const char* name() const override { return "troupe.task"; }
  behavior_type make_behavior() override;
  void on_exit() override;
  void on_timer() override;

 private:
  // A task that is being created asks its group and its dependencies first.
  struct creation {
    reply_handle reply;
    task_definition_ptr repeated;  // of a task that exists; only the group is asked
    std::size_t answers_missing = 0;
    std::vector<task_id> missing;
    std::vector<task_id> expiring;
    std::string refusal;
    std::string trouble;  // somebody who was asked failed
    bool group_accepted = false;
    bool joined = false;  // the group counts it as a member
    std::vector<task_id> accepted;
    std::vector<std::function<void()>> later;
    // Of a member of a graph, which decides when it may be seen.
    task_graph_id graph;
    bool written = false;
    bool revived = false;  // after a restart
  };

  // What is known of the run's artifacts; read when first needed.
  struct artifact_shelf {
    bool loaded = false;
    artifact_records records;
    std::vector<std::pair<reply_handle, std::function<void()>>> later;
    // Whose data are being removed, by the same keys; who wants to create one again waits for it.
    std::map<std::string, std::vector<create_artifact>> leaving;
    // Whose uploads are being finished, by the same keys, and who wants that, too, meanwhile.
    std::map<std::string, std::vector<finish_upload>> finishing;
  };

  // -- creation
  void create(create_task& command);
  void create_again(create_task& command);
  void take_membership(membership_answered& command);
  void take_dependency(dependency_state& command);
  void finish_creation();
  void refuse_creation(api_error why);
  void begin_creation(task_definition_ptr definition, const reply_handle& reply);
  void ask_group_and_dependencies(const std::vector<task_id>& within);
  std::optional<api_error> creation_problem();
  void undo_creation();

  // -- creation with a graph
  void prepare(prepare_member& command);
  void finish_preparing();
  void advance(advance_member& command);
  void write_unseen();
  void reveal();
  void drop_from_graph();
  void wait_for_graph(const task_graph_id& graph, bool revived);

  // -- what clients and workers ask
  void show_definition(get_task& command);
  void show_status(get_status& command);
  void explain(explain_task& command);
  void schedule(schedule_task& command);
  void rerun(rerun_task& command);
  void cancel(cancel_task& command);
  void reprioritise(change_task_priority& command);
  void change_with_group(change_member& command);
  void claim_this(claim_task& command);
  void claim_admitted_run(claim_admitted& command);
  void claim(claim_run& command);
  void reclaim(reclaim_run& command);
  void report(report_run& command);
  void give_back(return_run& command);

  // -- dependents
  void reserve(reserve_dependent& command);
  void confirm(confirm_dependent& command);
  void withdraw(withdraw_dependent& command);
  void resume(resume_dependent& command);
  void dependency_done(dependency_resolved& command);
  void show_dependents(list_dependents& command);
  void forget_expired();
  void acknowledged(effect_acknowledged& command);

  // -- artifacts
  void put_artifact(create_artifact& command);
  void find_artifact(get_artifact& command);
  const artifact_record* known_artifact(run_id run, std::string_view name) const;
  std::string upload_credentials(const create_artifact& command, const artifact_record& record,
                                 timestamp now) const;
  answer object_content_answer(run_id run, const found_artifact& found, timestamp now) const;
  void keep_artifact(run_id run, const std::string& name, artifact_record record, bool publishes);
  void publish_artifact(run_id run, const std::string& name, const artifact_record& record);
  void finish_object(finish_artifact& command);
  void begin_upload(create_upload& command);
  void end_upload(finish_upload& command);
  void upload_kept(const finish_upload& command, outcome<void> kept);
  void read_object_of(read_object& command);
  void answer_by_copy(run_id run, const std::string& name, const artifact_record& record,
                      const std::string& url, timestamp until, find_copy wish);
  outcome<std::string> place_for(const create_artifact& command) const;
  outcome<object_backend*> backend_of(const artifact_record& record) const;
  std::string object_url(const blob_place& at, timestamp now, timestamp until, bool may_be_cached,
                         const std::string& object) const;
  void show_artifact(describe_artifact& command);
  void show_artifacts(list_artifacts& command);
  void expire(expire_artifact& command);
  void drop_artifact(const expire_artifact& command);
  void dropped(const expire_artifact& command, const outcome<void>& done);
  std::optional<run_id> run_of(std::optional<run_id> wanted, const reply_handle& reply);
  void with_artifacts(const reply_handle& reply, std::function<void()> then);
  void take_artifacts(const redis_reply& all);

  // -- failure
  template <class Command>
  void pass_on(Command& command);
  template <class Command>
  void fail(Command& command);
  std::string report_failure();
  void give_up(const std::string& why);

  // -- carrying out
  void on_time(task_timer_fired& command);
  void leave(leave_stage& command);
  void carry_out(const task_decision& decision, bool is_new = false);
  void write_row(resp_writer& commands, bool is_new, bool with_definition);
  void write_events(const task_decision& decision);
  void tell_others(const task_decision& decision, bool was_resolved, timestamp now);
  void signal(task_resolution resolution, bool repeated, timestamp now);
  void settle();
  void answer_status(const reply_handle& reply);
  void refuse(const reply_handle& reply, api_error why);
  void carry_out_for(const reply_handle& reply, outcome<task_decision> decision);
  bool allowed(const reply_handle& reply, outcome<void> verdict);
  template <class Command>
  bool authorised(const Command& command, std::string_view verb);

  // While the task is being created nothing else happens to it: commands come again afterwards.
  template <class Command>
  bool postponed(Command& command) {
    if (!creation_)
      return false;
    creation_->later.push_back(
        [this, kept = command]() mutable { stage_.board.tell(stage_.on, std::move(kept)); });
    return true;
  }

  template <auto Handle>
  auto receive();
  template <auto Handle, class Command>
  auto receive_as(void (task_shell::*)(Command&));
  std::string credentials(timestamp now) const;
  const std::string& status();
  void forget_status();
  void arm_timer();
  bool is_quiet() const;
  bool may_rest() const;
  bool offers_rest(timestamp now);
  void announce();
  void tell_again(answer_roll& command);
  std::uint16_t shard() const { return shard_of(state_.id.view()); }

  const stage& stage_;
  task_state state_;
  commit_number last_commit_ = 0;
  timer_id timer_ = 0;
  std::uint32_t received_ = 0;
  std::uint32_t received_before_ = 0;  // when it last looked whether it may rest
  bool settled_ = true;
  bool announced_ = false;
  bool group_informed_ = true;
  bool failed_ = false;
  std::vector<task_id> dependents_uninformed_;
  std::unique_ptr<creation> creation_;
  std::unique_ptr<artifact_shelf> artifacts_;
};

}  // namespace troupe
