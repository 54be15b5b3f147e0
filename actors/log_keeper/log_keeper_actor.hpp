#pragma once

#include "actors/log_keeper/log_keeper_rules.hpp"
#include "actors/log_stream/log_spool.hpp"
#include "messages/answer.hpp"
#include "messages/interfaces.hpp"
#include "runtime/blobs/file_pool.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"
#include "runtime/supervision/service_guard.hpp"
#include "runtime/uploads/artifact_uploader.hpp"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

namespace troupe {

/// Tells the live logs of one lane which of its runs were resolved as exceptions.
class lost_run_ear final : public event_listener {
 public:
  /// Both must outlive it.
  lost_run_ear(lane& on, switchboard& board) : on_(on), board_(board) {}

  void on_event(const event& what) override;

 private:
  lane& on_;
  switchboard& board_;
};

/// What a keeper of logs needs.
struct log_keeper_options {
  std::string directory;  ///< of the spools
  artifact_uploader* uploader = nullptr;
  /// Puts another keeper into the place of one that failed, has it review the logs, and dismisses
  /// the one that failed.
  std::function<void()> successor;
};

/// Makes artifacts of the logs of one lane that the server ended for lost workers, as the workers
/// would have done, and goes on with that after a restart. Files are touched, and sent, on a thread
/// of its own.
class log_keeper_shell : public log_keeper_actor::base {
 public:
  log_keeper_shell(caf::actor_config& config, lane& on, switchboard& board,
                   log_keeper_options options);
  ~log_keeper_shell() override;

  const char* name() const override { return "troupe.log_keeper"; }
  behavior_type make_behavior() override;
  void on_exit() override;

 private:
  /// Waits for one answer.
  class question;
  using taker = std::function<void(const answer&)>;

  void keep(keep_log& command);
  void review(review_logs& command);
  void take_left(const left_spool& left);
  void take_status(const left_spool& left, const answer& status);

  void begin(const run_name& run);
  void work(const run_name& run);
  void upload(const run_name& run, const kept_log& log);
  void proceed(const run_name& run, keeping_verdict verdict);
  void settle(const run_name& run, void (*how)(const std::string&, const task_id&, run_id));

  template <class Command>
  void ask(Command command, taker take);
  template <class Work, class Then>
  void off_lane(Work work, Then then);

  lane& lane_;
  switchboard& board_;
  const log_keeper_options options_;
  service_guard guard_;
  std::map<run_name, kept_log> logs_;
  std::list<std::unique_ptr<question>> questions_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  std::unique_ptr<file_pool> files_;  // null: there was nothing to do yet
};

}  // namespace troupe
