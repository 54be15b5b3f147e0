#pragma once

#include "actors/company/stage.hpp"
#include "actors/task_graph/task_graph_rules.hpp"
#include "messages/interfaces.hpp"
#include "runtime/supervision/service_guard.hpp"

#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe {

/// The shell of one task graph: asks the members in slices, writes the intent and the decision, and
/// answers. Between two slices others of the lane have their turn.
class task_graph_shell : public task_graph_actor::base {
 public:
  task_graph_shell(caf::actor_config& config, const stage& where, const task_graph_id& id);

  const char* name() const override { return "troupe.task_graph"; }
  behavior_type make_behavior() override;
  void on_exit() override;

 private:
  template <class Command>
  auto receive(void (task_graph_shell::*handle)(Command&));
  template <class Job>
  void attempt(Job job);
  std::string report_failure();
  void give_up(const std::string& why);
  void rest_when_idle();

  void create(create_graph& command);
  void advanced(member_advanced& command);
  void read_record();
  void take_record(const redis_reply& record);
  void repeat_or_refuse(std::string_view content, const std::string& answer_text);
  void start_next();
  outcome<graph_turn> start(create_graph& command);
  void go_on(graph_turn turn);
  void ask_later();
  void ask();
  void write_intent();
  void write_decision();
  void close();
  void forget();
  void refuse(const api_error& why);
  void answer_all(const answer& result);
  void over();

  const stage& stage_;
  task_graph_state state_;
  timestamp decided_;
  commit_number written_ = 0;  // up to the last slice
  bool reading_ = false;
  bool failed_ = false;
  std::uint32_t received_ = 0;
  std::vector<reply_handle> replies_;  // of who asked for this very graph
  std::deque<create_graph> waiting_;   // until it is known what there is
};

/// The shell that finds the graphs of one lane, and forgets their keys when they have had their
/// time.
class graph_directory_shell : public graph_directory_actor::base, public timer_target {
 public:
  graph_directory_shell(caf::actor_config& config, const stage& where,
                        std::function<void()> successor);

  const char* name() const override { return "troupe.graph_directory"; }
  behavior_type make_behavior() override;
  void on_exit() override;
  void on_timer() override;

  /// Before the lane opens: this graph was on its way when the server ended.
  void expect(const task_graph_id& id, bool decided) { unfinished_.emplace_back(id, decided); }

  /// After a restart, once the members of such graphs are revealed or removed: the records say so.
  void open();

 private:
  struct entry {
    task_graph_actor actor;
    std::uint32_t sent = 0;
  };

  template <class Command>
  auto receive(void (graph_directory_shell::*handle)(Command&));
  void start(create_graph& command);
  void hand_answer_on(member_advanced& command);
  void let_go(leave_graph& command);
  void replace(graph_failed& command);
  void sweep(sweep_graphs& command);
  void take_place(take_over& command);
  void arm_sweep();
  resp_writer on_own_shards(std::string_view verb, std::string_view key, bool by_time) const;

  const stage& stage_;
  service_guard guard_;
  std::unordered_map<task_graph_id, entry> graphs_;
  std::vector<std::pair<task_graph_id, bool>> unfinished_;
  timer_id timer_ = 0;
};

// How a graph stands in Redis: the hash `troupe:{NN}:graph:<id>`, the set `graph-work` of those
// under way, and the order `graph-expiry` of their keys.

/// Words of the field `state`.
inline constexpr std::string_view graph_prepared = "prepared";
inline constexpr std::string_view graph_committed = "committed";
inline constexpr std::string_view graph_done = "done";

/// Within a commit: all members are there.
void write_graph_done(resp_writer& commands, const task_graph_id& id);

/// Within a commit: there is no such graph.
void write_graph_gone(resp_writer& commands, const task_graph_id& id);

}  // namespace troupe
