#pragma once

#include "messages/answer.hpp"
#include "messages/reply_handle.hpp"
#include "messages/timestamp.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/lane/timer_wheel.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace caf {
class actor_system;
}

namespace troupe {

namespace act {
class inline_executor;
}

class lane_store;
class lane_supervisor;

/// One thread with one io_context: sessions, the actors of its shards run inline, a timer wheel
/// and a Redis connection. Nothing in a lane is locked; what comes from another thread is posted.
class lane {
 public:
  /// Called for a claim whose answer found nobody to take it.
  using undelivered_handler = std::function<void(const handed_out_run&)>;

  lane(std::uint16_t index, std::uint16_t lane_count, caf::actor_system& system, const clock& time);
  ~lane();
  lane(const lane&) = delete;
  lane& operator=(const lane&) = delete;

  std::uint16_t index() const { return index_; }
  std::uint16_t lane_count() const { return lane_count_; }
  boost::asio::io_context& io() { return io_; }

  /// Runs the lane on the calling thread until `stop`.
  void run();

  /// Ends `run`; from any thread.
  void stop();

  /// True on the lane's own thread.
  bool is_current() const {
    return std::this_thread::get_id() == thread_.load(std::memory_order_relaxed);
  }

  /// Runs `job` on the lane's thread, and the actors it wakes; from any thread.
  void post(std::function<void()> job);

  // -- time --------------------------------------------------------------------------------------

  timestamp now() const { return {now_us() / 1000}; }

  /// While one lives on the lane's thread, the time of the lane stands still: what is done in one
  /// go has one time, and the clock is read once for it. Within another one it does nothing.
  class moment {
   public:
    explicit moment(lane& of) : lane_(of), outermost_(of.moment_us_ == 0) {
      if (outermost_)
        lane_.moment_us_ = lane_.clock_.now_us();
    }
    ~moment() {
      if (outermost_)
        lane_.moment_us_ = 0;
    }
    moment(const moment&) = delete;
    moment& operator=(const moment&) = delete;

   private:
    lane& lane_;
    bool outermost_;
  };

  /// Within a moment, reads the clock again: what was done took time that is to be seen.
  void renew_moment() {
    if (moment_us_ != 0)
      moment_us_ = clock_.now_us();
  }

  /// Microseconds since the epoch, strictly increasing on this lane also when the clock is not.
  std::uint64_t unique_us();

  /// `unique_us` goes on above this value: what was stored before a restart stays in order.
  void raise_unique_us(std::uint64_t seen);

  /// Fires the target at the time; cancelled by `cancel_timer`.
  timer_id add_timer(timestamp when, timer_target& target);
  void cancel_timer(timer_id id);

  // -- actors ------------------------------------------------------------------------------------

  act::inline_executor& executor() { return *executor_; }

  /// Lets the actors of this lane run until none has anything to do.
  void drain();

  // -- persistence -------------------------------------------------------------------------------

  /// The lane's group commit; set once by `attach_store` before the lane runs.
  lane_store& store() { return *store_; }
  void attach_store(lane_store& store) { store_ = &store; }

  // -- supervision -------------------------------------------------------------------------------

  /// Who looks after the lane's actors; set once before the lane runs.
  lane_supervisor& supervisor() { return *supervisor_; }
  void attach_supervisor(lane_supervisor& supervisor) { supervisor_ = &supervisor; }

  // -- answers -----------------------------------------------------------------------------------

  /// A handle by which actors answer this sink once. The sink must close it before it dies.
  reply_handle open_reply(answer_sink& sink);

  /// The sink no longer waits; an answer that still comes is undelivered.
  void close_reply(const reply_handle& handle);

  /// Delivers the answer at once. On the lane that made the handle it completes the sink, on
  /// another it crosses over. Actors use `lane_store::answer`, which waits for what was committed.
  void deliver(const reply_handle& handle, answer&& result);

  /// Answers everybody who waits for an answer on this lane by the error: those who should have
  /// given it are gone.
  void refuse_open_replies(const api_error& why);

  /// Told of runs whose claim could not be delivered.
  void on_undelivered(undelivered_handler handler) { undelivered_ = std::move(handler); }

  /// All lanes of the node, by index; set once before they run.
  void attach_peers(std::vector<lane*> peers) { peers_ = std::move(peers); }
  lane& peer(std::uint16_t index) { return *peers_[index]; }

  /// Requests that wait for an answer on this lane.
  std::size_t open_replies() const { return open_replies_; }

 private:
  friend class moment;

  std::int64_t now_us() const { return moment_us_ != 0 ? moment_us_ : clock_.now_us(); }

  struct reply_slot {
    answer_sink* sink = nullptr;
    std::uint32_t generation = 0;
  };

  void arm_timer();
  void on_tick();

  const std::uint16_t index_;
  const std::uint16_t lane_count_;
  const clock& clock_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer tick_;
  timer_wheel wheel_;
  std::int64_t armed_for_ms_ = 0;  // 0: not armed
  std::unique_ptr<act::inline_executor> executor_;
  lane_store* store_ = nullptr;
  lane_supervisor* supervisor_ = nullptr;
  std::vector<lane*> peers_;
  std::vector<reply_slot> reply_slots_;
  std::vector<std::uint32_t> free_slots_;
  std::size_t open_replies_ = 0;
  undelivered_handler undelivered_;
  std::uint64_t last_us_ = 0;
  std::int64_t moment_us_ = 0;           // 0: time goes on
  std::atomic<std::thread::id> thread_;  // others may ask before the lane runs
};

}  // namespace troupe
