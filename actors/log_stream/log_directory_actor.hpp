#pragma once

#include "actors/log_stream/log_spool.hpp"
#include "actors/log_stream/log_stream_rules.hpp"
#include "messages/api_error.hpp"
#include "messages/interfaces.hpp"
#include "runtime/blobs/file_pool.hpp"
#include "runtime/lane/lane.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// Where the spool files are, and how long.
struct log_directory_options {
  /// Ordinary ages.
  log_directory_options(std::string where) : directory(std::move(where)) {}

  std::string directory;
  std::chrono::seconds finished_lasts = std::chrono::hours{1};
  /// Of a log that nobody finished, since it was last written: its worker was lost.
  std::chrono::seconds unfinished_lasts = std::chrono::hours{7 * 24};
  /// A log that nobody writes or joins for so long leaves the memory.
  std::chrono::milliseconds quiet_time = std::chrono::seconds{60};
  /// When a run was resolved whose worker is lost, or may not know it yet, and nothing has come of
  /// its log for so long, the log is ended with a note.
  std::chrono::milliseconds lost_writer_time = std::chrono::seconds{15};
  std::chrono::milliseconds resolved_writer_time = std::chrono::minutes{20};
  /// Told of a log that was ended so and is whole in its spool, on the lane.
  std::function<void(const task_id&, run_id)> on_abandoned = {};
  /// Puts another directory into the place of one that failed, and dismisses that.
  std::function<void()> successor = {};
};

/// The live logs of one lane: takes what workers write, keeps it in spool files, and tells it to
/// whoever reads along, each as quickly as it can take it. Files are touched on a thread of its
/// own; an append is answered when the spool has it. When it fails its successor has all that the
/// spools have; who waits or reads along is told, and comes back.
class log_directory_shell : public log_directory_actor::base {
 public:
  log_directory_shell(caf::actor_config& config, lane& on, log_directory_options options);

  const char* name() const override { return "troupe.log_directory"; }
  behavior_type make_behavior() override;
  void on_exit() override;

 private:
  using key = std::pair<task_id, run_id>;

  struct reading_follower {
    std::shared_ptr<log_follower> follower;
    std::uint16_t lane = 0;
  };

  struct waiting_append {
    std::uint64_t end = 0;
    reply_handle reply;
  };

  struct stream {
    log_stream_state state;
    std::shared_ptr<log_spool> spool;
    std::map<std::uint64_t, reading_follower> followers;  // by the number of the reader
    std::vector<waiting_append> appends;
    std::vector<reply_handle> finishes;
    bool sealing = false;
    timestamp last_used;
    timestamp last_written;
    std::string resolved;  // how the run was, while the log is to be ended for its worker
  };

  // What waits for a spool to be opened; told null when there is none.
  struct waiting_use {
    bool make = false;
    std::function<void(stream*)> use;
  };

  // Calls a member when a time has come.
  struct alarm final : timer_target {
    void on_timer() override { ring(); }
    std::function<void()> ring;
  };

  void with_log(const key& which, bool make, std::function<void(stream*)> use);
  void open(const key& which);
  void opened(const key& which, std::shared_ptr<log_spool> spool);

  template <class Command>
  auto receive(void (log_directory_shell::*handle)(Command&));
  void guard(const std::function<void()>& job);
  void fail();
  void refuse(const append_log& command);
  void refuse(const finish_log& command);
  void refuse(const follow_log& command);
  void refuse(const follower_ready&) {}
  void refuse(const log_run_resolved&) {}

  void take(append_log& command);
  void take_opened(const append_log& command, stream* of);
  void end(finish_log& command);
  void join(follow_log& command);
  void join_tail(const key& which, stream& of, const reading_follower& joined, std::uint32_t lines);
  void join_part(const key& which, stream& of, const reading_follower& joined,
                 const std::function<log_part(std::uint64_t)>& choose);
  void join_at(const key& which, stream& of, const reading_follower& joined, std::uint64_t offset,
               std::uint64_t until = ~std::uint64_t{0});
  void ready(follower_ready& command);

  void write_on(const key& which, stream& of);
  void write_ended(const key& which, std::uint64_t end, bool written);
  void seal(const key& which, stream& of);
  void fail_waiting(stream& of);

  void tell_all(const key& which, stream& of);
  void tell(const key& which, stream& of, log_reader& reader);
  void read_piece(const key& which, stream& of, log_reader& reader, const next_piece& wanted);
  void piece_read(const key& which, std::uint64_t number, const std::string& bytes);
  void end_reader(stream& of, std::size_t index, void (log_follower::*how)());
  void on_follower(const reading_follower& of, std::function<void(log_follower&)> what);

  void run_resolved(log_run_resolved& command);
  void arm_abandoning();
  void look_for_abandoned();
  void end_abandoned(const key& which, stream& of);
  void add_last_words(const key& which, stream& of, std::string_view tail);
  timestamp abandoned_at(const stream& of) const;

  void arm();
  void look_around();
  void sweep_files();

  // Runs `work` on the file thread and `then` here, with what it gave.
  template <class Work, class Then>
  void off_lane(Work work, Then then);

  lane& lane_;
  log_directory_options options_;
  std::map<key, stream> logs_;
  std::map<key, std::vector<waiting_use>> opening_;
  std::uint64_t last_number_ = 0;
  alarm quiet_alarm_;
  timer_id quiet_timer_ = 0;
  alarm abandoned_alarm_;
  timer_id abandoned_timer_ = 0;
  alarm sweep_alarm_;
  timer_id sweep_timer_ = 0;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  bool failed_ = false;
  std::unique_ptr<file_pool> files_;
};

template <class Work, class Then>
void log_directory_shell::off_lane(Work work, Then then) {
  files_->run([this, &on = lane_, still_here = std::weak_ptr<int>{alive_}, work = std::move(work),
               then = std::move(then)]() mutable {
    auto result = std::make_shared<decltype(work())>(work());
    on.post([this, still_here, then, result] {
      if (!still_here.expired())
        guard([&] { then(*result); });
    });
  });
}

}  // namespace troupe
