#pragma once

#include "messages/answer.hpp"
#include "messages/reply_handle.hpp"
#include "runtime/lane/switchboard.hpp"

#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// A command that somebody waits to be answered.
template <class Command>
concept answerable = requires(Command& command) {
  { command.reply } -> std::convertible_to<reply_handle>;
};

/// The error for who asked an actor that failed; the gateway shows an incident, the log the text.
api_error failed_actor(const std::string& name, const std::string& why);

/// Stands around the handlers of a directory or service. When one of them throws, the actor does
/// nothing more: who asked gets 500, a successor is called, and everything else that comes is kept
/// for it. It also keeps what comes before the actor is ready.
class service_guard {
 public:
  /// `name` is for people, like `queue directory of lane 1`. `successor` puts another actor into
  /// the place of this one and dismisses it.
  service_guard(lane& on, switchboard& board, std::string name, std::function<void()> successor);

  /// Handles the command, or keeps it.
  template <class Command, class Handle>
  void run(Command& command, Handle handle) {
    if (failed_ || holding_)
      return keep(command, std::move(handle));
    try {
      handle(command);
    } catch (...) {
      const auto error = fail(std::current_exception());
      if constexpr (answerable<Command>)
        refuse(command.reply, error);
      else
        keep(command, std::move(handle));
    }
  }

  /// Runs what is not a command, like the answer to a query; true when it went well.
  template <class Job>
  bool attempt(Job job) {
    try {
      job();
      return true;
    } catch (...) {
      fail(std::current_exception());
      return false;
    }
  }

  /// From now on commands are kept.
  void hold() { holding_ = true; }

  /// Commands are handled again, those that were kept first.
  void release();

  /// The actor goes: the successor is told what was kept.
  void hand_back();

  bool failed() const { return failed_; }

 private:
  using kept_command = std::function<void(bool here)>;

  template <class Command, class Handle>
  void keep(Command& command, Handle handle) {
    kept_.push_back([this, kept = std::move(command), handle](bool here) mutable {
      if (here)
        run(kept, handle);
      else if constexpr (requires { board_.tell(on_, std::move(kept)); })
        board_.tell(on_, std::move(kept));
    });
  }

  api_error fail(const std::exception_ptr& failure);
  void refuse(const reply_handle& reply, const api_error& error);

  lane& on_;
  switchboard& board_;
  const std::string name_;
  std::function<void()> successor_;
  std::vector<kept_command> kept_;
  bool failed_ = false;
  bool holding_ = false;
};

}  // namespace troupe
