#pragma once

#include "messages/answer.hpp"
#include "messages/timestamp.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/timer_wheel.hpp"
#include "runtime/store/hash_scan.hpp"
#include "runtime/store/lane_store.hpp"
#include "runtime/supervision/service_guard.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// The base of a shell that keeps all its records in memory: commands wait until Redis was read, a
/// guard stands around each handler, a timer of the shell is due when the shell says so, what it
/// answers waits for what it committed, and a successor is told what it could not do itself.
/// `Handle` is its typed interface, `Timer` the message that tells it that the time has come.
template <class Handle, class Timer>
class service_actor : public Handle::base, private timer_target {
 public:
  void on_exit() final {
    on_.cancel_timer(std::exchange(timer_, 0));
    leave();
    guard_.hand_back();
  }

 protected:
  /// For `name` and `successor` see `service_guard`.
  service_actor(caf::actor_config& config, lane& on, switchboard& board, std::string name,
                std::function<void()> successor, Timer fired = {})
      : Handle::base(config),
        guard_(on, board, std::move(name), std::move(successor)),
        on_(on),
        fired_(fired) {
    guard_.hold();  // until it has read what Redis holds
  }

  // -- what a shell says
  // ---------------------------------------------------------------------------

  /// When the timer is to fire; nothing: as it is set now, or not at all. Asked after each command.
  virtual std::optional<timestamp> next_due() const { return std::nullopt; }

  /// The shell ends: it takes leave of others, and lets go of what takes memory.
  virtual void leave() {}

  // -- the beginning
  // -------------------------------------------------------------------------------

  /// A hash in Redis, and what takes its fields, perhaps the same one twice.
  template <class Shell>
  struct stored_hash {
    std::string_view key;
    void (Shell::*take)(std::string_view field, std::string_view value);
  };

  /// The handler of the message by which the shell opens.
  template <class Command, class Shell>
  auto opens(void (Shell::*open)()) {
    return
        [this, open](Command&) { guard_.attempt([&] { (static_cast<Shell*>(this)->*open)(); }); };
  }

  /// Runs the job once Redis has what was committed before: one that failed may have left that.
  template <class Job>
  void when_settled(Job job) {
    auto& store = on_.store();
    store.when_safe(store.last(), [this, self = own_handle(), job] { guard_.attempt(job); });
  }

  /// Reads the hashes one after the other, then runs `begin`, and is ready if that says so.
  template <class Shell>
  void read(std::vector<stored_hash<Shell>> hashes, bool (Shell::*begin)()) {
    auto all = std::make_shared<const std::vector<stored_hash<Shell>>>(std::move(hashes));
    when_settled([this, all, begin] { read_next(all, 0, begin); });
  }

  /// Commands are handled from now on, those first that came meanwhile.
  void ready() {
    arm_timer();
    guard_.release();
  }

  // -- commands
  // ------------------------------------------------------------------------------------

  /// A handler under the guard.
  template <class Shell, class Command>
  auto receive(void (Shell::*handle)(Command&)) {
    return [this, handle](Command& command) {
      guard_.run(command, [this, handle](Command& c) {
        (static_cast<Shell*>(this)->*handle)(c);
        arm_timer();
      });
    };
  }

  /// Writes in one commit; what is answered afterwards waits for it.
  template <class Write>
  commit_number commit(Write write) {
    write(on_.store().begin_commit());
    written_ = on_.store().end_commit();
    return written_;
  }

  /// Nobody is told of anything that a crash could still undo.
  void reply(const reply_handle& to, answer&& result) {
    on_.store().answer(written_, to, std::move(result));
  }

  /// A page of a listing, and where the next one begins if there is one.
  void reply_page(const reply_handle& to, std::string text, std::optional<std::string> next) {
    answer result{std::move(text)};
    if (next)
      result.headers.emplace_back("next-position", std::move(*next));
    reply(to, std::move(result));
  }

  /// Tells itself; sessions and other actors have their turn before.
  template <class Command>
  void tell_self_later(Command command) {
    on_.post(
        [&on = on_, self = own_handle(), command] { on.executor().post(self, Command{command}); });
  }

  /// To be called when what `next_due` says has changed otherwise than by a command.
  void arm_timer() {
    auto due = next_due();
    if (!due)
      return;
    due = std::min(*due, on_.now() + longest_timer);
    if (timer_ != 0 && armed_for_ <= *due)
      return;
    on_.cancel_timer(timer_);
    timer_ = on_.add_timer(*due, *this);
    armed_for_ = *due;
  }

  bool is_armed() const { return timer_ != 0; }
  commit_number written() const { return written_; }
  Handle own_handle() { return caf::actor_cast<Handle>(this); }

  service_guard guard_;

 private:
  // A timer further away is set again on the way.
  static constexpr std::chrono::hours longest_timer{24};

  template <class Shell>
  void read_next(std::shared_ptr<const std::vector<stored_hash<Shell>>> all, std::size_t number,
                 bool (Shell::*begin)()) {
    auto* shell = static_cast<Shell*>(this);
    if (number == all->size()) {
      if ((shell->*begin)())
        ready();
      return;
    }
    const auto& one = (*all)[number];
    scan_hash(
        on_.store(), std::string{one.key},
        [this, self = own_handle(), shell, take = one.take](std::string_view field,
                                                            std::string_view value) {
          if (!guard_.failed())
            guard_.attempt([&] { (shell->*take)(field, value); });
        },
        [this, self = own_handle(), all, number, begin](const std::string& error) {
          if (guard_.failed())
            return;
          guard_.attempt([&] {
            if (!error.empty())
              throw std::runtime_error(error);
            read_next(all, number + 1, begin);
          });
        });
  }

  void on_timer() final {
    timer_ = 0;
    on_.executor().post(own_handle(), Timer{fired_});
  }

  lane& on_;
  const Timer fired_;
  commit_number written_ = 0;
  timer_id timer_ = 0;
  timestamp armed_for_;
};

}  // namespace troupe
