#pragma once

#include "workers/loop/queue_port.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

namespace troupe::test {

/// A queue whose answers a test gives, and that a test can let speak first.
class fake_queue_port final : public queue_port {
 public:
  call_result claim_work(unsigned) override { return {}; }
  void give_up() override {}

  call_result reclaim(const run_address&, const credentials& by) override {
    const std::lock_guard lock{guard_};
    reclaimed_by_.push_back(by);
    changed_.notify_all();
    return answer_(reclaimed_by_.size());
  }

  call_result report(const run_address&, const credentials&, run_report) override { return {}; }

  void watch_run(const run_address& run, std::function<void(stop_reason)> stopped) override {
    const std::lock_guard lock{guard_};
    watched_[run] = std::move(stopped);
  }

  void unwatch_run(const run_address& run) override {
    const std::lock_guard lock{guard_};
    watched_.erase(run);
  }

  /// What the n-th reclaim is answered with, from 1 on.
  void answer_reclaims(std::function<call_result(std::size_t)> answer) {
    const std::lock_guard lock{guard_};
    answer_ = std::move(answer);
  }

  /// Waits for so many reclaims; by whom they were.
  std::vector<credentials> wait_for_reclaims(std::size_t count) {
    std::unique_lock lock{guard_};
    changed_.wait(lock, [&] { return reclaimed_by_.size() >= count; });
    return reclaimed_by_;
  }

  std::size_t reclaims() {
    const std::lock_guard lock{guard_};
    return reclaimed_by_.size();
  }

  bool watches(const run_address& run) {
    const std::lock_guard lock{guard_};
    return watched_.contains(run);
  }

  void tell_stopped(const run_address& run, const std::string& resolved) {
    const std::lock_guard lock{guard_};
    watched_.at(run)({resolved});
  }

 private:
  std::mutex guard_;
  std::condition_variable changed_;
  std::function<call_result(std::size_t)> answer_;
  std::vector<credentials> reclaimed_by_;
  std::map<run_address, std::function<void(stop_reason)>> watched_;
};

}  // namespace troupe::test
