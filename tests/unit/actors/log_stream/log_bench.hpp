#pragma once

#include "messages/answer.hpp"
#include "messages/interfaces.hpp"
#include "messages/log_commands.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/lane/lane.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe {

struct log_directory_options;

/// A directory that goes with the object.
struct scratch_directory {
  scratch_directory();
  ~scratch_directory();
  std::string path;
};

task_id some_task();
log_bytes piece(std::string text);
std::string spool_path(const std::string& directory, run_id run);

/// Collects what it is told; may hold back saying that it wrote it out.
class recording_follower final : public log_follower {
 public:
  void on_bytes(std::uint64_t offset, const log_bytes& bytes) override;
  void on_end() override;
  void on_missing() override;
  std::size_t backlog_bytes() const override { return 0; }

  /// The job is done after each piece, on the follower's lane. From any thread.
  void after_each(std::function<void()> job);

  std::string wait_for_end();              ///< all bytes; "missing" when there was no log
  std::string wait_for(std::size_t size);  ///< at least so many bytes
  std::string text();
  std::uint64_t first_offset();

 private:
  std::mutex guard_;
  std::condition_variable news_;
  std::function<void()> after_each_;
  std::string text_;
  std::uint64_t first_ = 0;
  bool joined_ = false;
  bool in_order_ = true;
  bool ended_ = false;
  bool missing_ = false;
};

/// The live logs of a node of two lanes, the logs on the first.
class log_bench {
 public:
  explicit log_bench(const log_directory_options& options);
  ~log_bench();

  /// Sends a command from the outside, as the switchboard would.
  template <class Command>
  void tell(Command command) {
    lanes_[0]->post([this, command = std::move(command)] { hand_over(command); });
  }

  /// Appends and waits for the answer.
  answer append(std::uint64_t offset, std::string text, run_id run = 0);
  answer finish(run_id run = 0);

  /// Follows from an offset, from a lane. Says that it wrote out what it got, unless it is lazy.
  std::shared_ptr<recording_follower> follow(std::uint64_t offset, std::uint16_t from_lane = 0,
                                             bool lazy = false, run_id run = 0);
  std::shared_ptr<recording_follower> follow_tail(std::uint32_t lines);
  void caught_up(const std::shared_ptr<recording_follower>& follower, bool gone = false);

  /// Runs on the first lane and waits.
  void on_lane(const std::function<void(lane&)>& job);

  manual_clock time{timestamp{1'764'000'000'000}};

 private:
  void hand_over(const append_log& command);
  void hand_over(const finish_log& command);
  void hand_over(const follow_log& command);
  void hand_over(const follower_ready& command);
  void hand_over(const log_run_resolved& command);
  answer ask(const std::function<void(reply_handle)>& send);

  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<std::unique_ptr<lane>> lanes_;
  log_directory_actor logs_;
  std::vector<std::thread> threads_;
};

}  // namespace troupe
