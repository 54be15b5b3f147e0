#include "workers/loop/run_interrupt.hpp"

#include "runtime/clock/clock.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

namespace troupe {

run_interrupt::run_interrupt() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

run_interrupt::~run_interrupt() { ::close(descriptor_); }

void run_interrupt::stop() {
  const std::lock_guard lock{guard_};
  if (!stopped_)
    stopped_ = system_clock{}.now();
  tell();
  changed_.notify_all();
}

void run_interrupt::lose(std::string why) {
  const std::lock_guard lock{guard_};
  if (!lost_)
    lost_ = std::move(why);
  tell();
}

void run_interrupt::tell() {
  told_ = true;
  ::eventfd_write(descriptor_, 1);
  if (wake_)
    wake_();
}

void run_interrupt::on_told(std::function<void()> wake) {
  const std::lock_guard lock{guard_};
  wake_ = std::move(wake);
  if (wake_ && told_)
    wake_();
}

std::optional<timestamp> run_interrupt::stopped() const {
  const std::lock_guard lock{guard_};
  return stopped_;
}

std::optional<std::string> run_interrupt::lost() const {
  const std::lock_guard lock{guard_};
  return lost_;
}

void run_interrupt::pause(std::chrono::milliseconds time) const {
  std::unique_lock lock{guard_};
  const bool already = stopped_.has_value();
  changed_.wait_for(lock, time, [&] { return stopped_.has_value() != already; });
}

}  // namespace troupe
