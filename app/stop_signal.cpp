#include "app/stop_signal.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace troupe {

stop_signal::stop_signal() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

stop_signal::~stop_signal() { ::close(descriptor_); }

void stop_signal::set() {
  set_ = true;
  ::eventfd_write(descriptor_, 1);
}

bool stop_signal::wait_for(std::chrono::milliseconds time) const {
  pollfd waits{descriptor_, POLLIN, 0};
  ::poll(&waits, 1, static_cast<int>(time.count()));
  return set_;
}

}  // namespace troupe
