#pragma once

#include "actors/company/company.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"
#include "runtime/store/lane_store.hpp"
#include "runtime/supervision/lane_supervisor.hpp"
#include "tests/support/redis_server.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace troupe {

/// A task that may be written to the store and created.
struct some_definition {
  std::string queue = "proj/ci";
  std::string group = "fN1SbArXTPSVFNUvaOlinQ";
  std::string scheduler = "-";
  std::vector<task_id> dependencies = {};
  unsigned retries = 5;
  std::chrono::milliseconds lasts = std::chrono::hours{1};  ///< from now to the deadline
};

/// The definition as the gateway would hand it on.
task_definition_ptr define(const some_definition& of);

/// An id for each number.
task_id id_number(unsigned number);

/// An answer as a test wants to see it.
struct seen_answer {
  std::uint16_t status = 200;
  std::string text;  ///< the body, or the message of the error
};

/// The whole company of a node on its lanes and on a real Redis; begins with what Redis holds, and
/// ends as a crash would: without a word to anybody.
class company_bench {
 public:
  explicit company_bench(const test::redis_server& redis, std::uint16_t lanes = 1,
                         std::chrono::milliseconds quiet_time = std::chrono::seconds{60},
                         std::chrono::milliseconds rest_time = std::chrono::seconds{60});
  ~company_bench();

  /// Sends a command with a reply handle of the first lane; the future gets its answer.
  template <class Command>
  std::future<seen_answer> send(Command command) {
    auto sink = std::make_shared<waiting_sink>();
    auto result = sink->got.get_future();
    lanes_[0]->post([this, sink, command = std::move(command)]() mutable {
      sink->self = sink;
      command.reply = lanes_[0]->open_reply(*sink);
      board_->tell(*lanes_[0], std::move(command));
    });
    return result;
  }

  /// The same, and waits for the answer.
  template <class Command>
  seen_answer ask(Command command) {
    return wait(send(std::move(command)));
  }

  static seen_answer wait(std::future<seen_answer> answer);

  seen_answer create(const task_id& id, const some_definition& of = {});
  seen_answer claim(const std::string& queue = "proj/ci", std::uint32_t count = 1);
  seen_answer report(const task_id& id, run_report what, run_id run = 0);
  seen_answer cancel(const task_id& id);
  seen_answer status(const task_id& id);
  seen_answer counts(const std::string& queue = "proj/ci");

  /// Runs on the first lane and waits for it.
  void on_lane(const std::function<void(lane&, switchboard&)>& job);

  /// How many actors there are.
  std::size_t actors() const { return system_->registry().running(); }

  /// What recovery said: empty when it went well.
  const std::string& recovery_error() const { return recovery_error_; }

 private:
  struct waiting_sink final : answer_sink {
    void complete(answer&& result) override;
    std::promise<seen_answer> got;
    std::shared_ptr<waiting_sink> self;  // until it is answered
  };

  std::string on_all(
      const std::function<void(std::size_t, std::function<void(std::string)>)>& step);
  void recover();

  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  system_clock time_;
  company_parts parts_;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::vector<std::unique_ptr<lane_store>> stores_;
  std::vector<std::unique_ptr<lane_supervisor>> supervisors_;
  std::unique_ptr<switchboard> board_;
  std::vector<std::unique_ptr<lane_company>> companies_;
  std::vector<std::thread> threads_;
  std::string recovery_error_;
};

/// Waits until Redis answers the command so; a mistake ends it after a while.
bool redis_comes_to(const test::redis_server& redis, const std::string& command,
                    const std::string& expected);

/// The events in the log, as `<exchange's last word> <taskId or groupId>`, of one id.
std::vector<std::string> events_of(const test::redis_server& redis, std::string_view id);

/// The key of something of a task or group, as in `troupe:{07}:live`.
std::string key_of(std::string_view id, std::string_view what);

}  // namespace troupe
