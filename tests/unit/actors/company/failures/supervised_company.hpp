#pragma once

#include "actors/company/company.hpp"
#include "messages/answer.hpp"
#include "messages/interfaces.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"
#include "runtime/lane/switchboard_handles.hpp"
#include "runtime/store/lane_store.hpp"
#include "runtime/supervision/lane_supervisor.hpp"
#include "tests/support/redis_server.hpp"

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe {

/// The machine's clock, which can be made to throw: what an actor is given may fail it.
class fickle_clock final : public clock {
 public:
  std::int64_t now_us() const override;

  /// The next reading but so many on this thread throws, and then all is well again.
  static void fail_after(int readings);
};

/// Throws what it is answered with.
class explosive_sink final : public answer_sink {
 public:
  void complete(answer&& result) override;
};

/// A task as a client defines it.
struct wanted_task {
  std::string queue = "test/queue";
  std::string group = {};  ///< empty: its own
  std::vector<task_id> dependencies = {};
  std::string priority = "lowest";
  unsigned retries = 5;
  std::vector<std::string> routes = {};
};

/// Task ids, one a number.
task_id numbered(unsigned number);
inline const worker_name some_worker{"g", "w"};

/// The companies of a node's lanes over a Redis, without doors: what gateways would tell, tests do.
class supervised_company {
 public:
  /// `change` may put functions of its own into the parts.
  supervised_company(test::redis_server& redis, std::uint16_t lanes,
                     const std::function<void(company_parts&)>& change = {});
  ~supervised_company();

  /// Ends without writing what waits to be written, as a crash would.
  void crash();

  /// Tells a command from the first lane.
  template <class Command>
  void tell(Command command) {
    on_lane(0, [this, &command](lane& from) { board_->tell(from, command); });
  }

  /// Tells a command that is answered.
  template <class Command>
  std::future<answer> begin(Command command) {
    auto waiting = std::make_unique<waiting_answer>();
    auto result = waiting->promise.get_future();
    on_lane(0, [&](lane& from) {
      command.reply = from.open_reply(*waiting);
      sinks_.push_back(std::move(waiting));
      board_->tell(from, command);
    });
    return result;
  }

  /// The same, and waits for the answer.
  template <class Command>
  answer ask(Command command) {
    return wait(begin(std::move(command)));
  }
  static answer wait(std::future<answer> future);

  /// Tells a command while the lane's clock fails at this reading; the lane is that of `id`.
  template <class Command>
  void tell_failing(std::string_view id, Command command, int readings = 0) {
    on_lane(lane_of(id), [this, &command, readings](lane& from) {
      fickle_clock::fail_after(readings);
      board_->tell(from, command);
      fickle_clock::fail_after(-1);
    });
  }
  template <class Command>
  answer ask_failing(std::string_view id, Command command, int readings = 0) {
    auto waiting = std::make_unique<waiting_answer>();
    auto result = waiting->promise.get_future();
    on_lane(lane_of(id), [&](lane& from) {
      command.reply = from.open_reply(*waiting);
      sinks_.push_back(std::move(waiting));
      fickle_clock::fail_after(readings);
      board_->tell(from, command);
      fickle_clock::fail_after(-1);
    });
    return wait(std::move(result));
  }
  /// Asks with a sink that throws what it gets back into the face of who answers.
  template <class Command>
  void ask_exploding(std::string_view id, Command command) {
    on_lane(lane_of(id), [&](lane& from) {
      command.reply = from.open_reply(explosive_);
      board_->tell(from, command);
    });
  }

  /// Tells a task several commands before it can handle the first; answers their statuses.
  template <class... Commands>
  std::vector<std::uint16_t> ask_together(const task_id& id, Commands... commands) {
    std::vector<std::future<answer>> results;
    on_lane(lane_of(id.view()), [&](lane& from) {
      const auto& shard = board_->directory().task_shards[shard_of(id.view())];
      const auto post = [&](auto& command) {
        auto waiting = std::make_unique<waiting_answer>();
        results.push_back(waiting->promise.get_future());
        command.reply = from.open_reply(*waiting);
        sinks_.push_back(std::move(waiting));
        from.executor().post(shard, command);
      };
      (post(commands), ...);
    });
    std::vector<std::uint16_t> statuses;
    for (auto& result : results)
      statuses.push_back(wait(std::move(result)).status);
    return statuses;
  }

  /// The definition of such a task.
  static task_definition_ptr definition(const task_id& id, const wanted_task& of);

  /// Lets all lanes look for graphs whose keys have had their time.
  void sweep_graphs();

  // What clients and workers do.
  std::uint16_t create(const task_id& id, const wanted_task& of = {});
  /// The same for a task without dependencies in its own group, which fails before it is written.
  std::uint16_t create_failing(const task_id& id, const wanted_task& of);
  std::string state_of(const task_id& id);  ///< `pending`, `404`, ...
  std::string runs_of(const task_id& id);   ///< `exception/claim-expired pending`
  std::vector<task_id> claim(std::uint32_t count, const std::string& queue = "test/queue",
                             const worker_name& by = some_worker);
  std::string counts(const std::string& queue = "test/queue");  ///< `pending/claimed`
  unsigned report(const task_id& id, run_id run = 0);           ///< HTTP status

  /// Runs a job on a lane and waits.
  void on_lane(std::uint16_t index, const std::function<void(lane&)>& job);
  /// Waits until every lane has done what was told so far, also what crosses over.
  void settle();

  std::uint16_t lane_of(std::string_view id) const;
  std::uint64_t failures();
  std::size_t published(std::string_view exchange);  ///< events of it so far
  std::string given_up();                            ///< what a supervisor said in the end

 private:
  struct waiting_answer final : answer_sink {
    void complete(answer&& result) override { promise.set_value(std::move(result)); }
    std::promise<answer> promise;
  };
  struct listener final : event_listener {
    void on_event(const event& what) override;
    std::mutex guard;
    std::vector<std::string> exchanges;
  };

  void fill(company_parts& parts);
  void start(const test::redis_server& redis);
  std::string recover();

  fickle_clock time_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  company_parts parts_;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::vector<std::unique_ptr<lane_store>> stores_;
  std::vector<std::unique_ptr<lane_supervisor>> supervisors_;
  std::unique_ptr<switchboard> board_;
  std::vector<std::unique_ptr<lane_company>> companies_;
  std::vector<std::unique_ptr<waiting_answer>> sinks_;
  explosive_sink explosive_;
  listener events_;
  std::promise<std::string> given_up_;
  std::vector<std::thread> threads_;
};

}  // namespace troupe
