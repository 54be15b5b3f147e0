#include "workers/loop/stage_watch.hpp"

#include <utility>

namespace troupe {

stage_watch::stage_watch(std::chrono::milliseconds longest, std::chrono::milliseconds patience,
                         teller late, teller hopeless)
    : longest_(longest),
      patience_(patience),
      on_late_(std::move(late)),
      on_hopeless_(std::move(hopeless)),
      thread_([this] { watch(); }) {}

stage_watch::~stage_watch() {
  {
    const std::lock_guard lock{guard_};
    ending_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void stage_watch::begin(std::optional<std::string> stage) {
  const std::lock_guard lock{guard_};
  stage_ = std::move(stage);
  due_ = clock::now() + longest_;
  changed_.notify_all();
}

void stage_watch::enter(std::string stage) { begin(std::move(stage)); }

void stage_watch::leave() { begin({}); }

std::optional<std::string> stage_watch::late() const {
  const std::lock_guard lock{guard_};
  return late_;
}

void stage_watch::watch() {
  std::unique_lock lock{guard_};
  while (!ending_ && !late_) {
    if (!stage_)
      changed_.wait(lock);
    else if (clock::now() < due_)
      changed_.wait_until(lock, due_);
    else
      late_ = stage_;
  }
  if (ending_)
    return;
  const auto since = due_;  // tells the stage from one that comes later
  lock.unlock();
  on_late_(*late_);
  lock.lock();
  const bool left = changed_.wait_until(lock, since + patience_,
                                        [&] { return ending_ || !stage_ || due_ != since; });
  lock.unlock();
  if (!left)
    on_hopeless_(*late_);
}

}  // namespace troupe
