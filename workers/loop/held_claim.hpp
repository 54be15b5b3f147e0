#pragma once

#include "messages/timestamp.hpp"
#include "workers/loop/queue_port.hpp"

#include <boost/json/object.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace troupe {

class run_interrupt;

/// When a claim of `from` until `taken_until` is to be renewed: early enough that an outage of a
/// while does no harm, and never in the last instant. `early`, from 0 to 1, brings it forward by up
/// to a twentieth of the time, so that claims of one moment are not renewed in one moment.
timestamp next_reclaim(timestamp from, timestamp taken_until, double early = 0);

/// The claim of a run, renewed in time by a thread of its own whatever the run is at. When it
/// cannot be renewed, or the server says that it no longer wants the run, the run is interrupted.
class held_claim {
 public:
  /// `claim` is an entry of claimWork's answer, or that of claimTask; throws when it is neither.
  held_claim(queue_port& port, const boost::json::object& claim, run_interrupt& interrupt);
  ~held_claim();
  held_claim(const held_claim&) = delete;
  held_claim& operator=(const held_claim&) = delete;

  const run_address& run() const { return run_; }

  /// The run's credentials as they are now.
  credentials by() const;

  /// Until when the claim holds as far as is known.
  timestamp taken_until() const;

  /// Calls `told` with new credentials, on the thread of the claim; replaces the one before, which
  /// is not called any more when this returns.
  void on_renewal(std::function<void(const credentials&)> told);

  /// Renews no longer; nothing is told any more.
  void release();

 private:
  void keep();
  bool renew();

  queue_port& port_;
  run_interrupt& interrupt_;
  const run_address run_;
  mutable std::mutex guard_;
  std::condition_variable changed_;
  credentials by_;                                // guarded
  timestamp taken_until_;                         // guarded
  timestamp due_;                                 // of the thread
  std::function<void(const credentials&)> told_;  // guarded
  bool released_ = false;                         // guarded
  std::thread thread_;
};

}  // namespace troupe
