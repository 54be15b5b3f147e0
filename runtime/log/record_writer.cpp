#include "runtime/log/record_writer.hpp"

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

// So much is written without waiting for more: it is a write worth its system call.
constexpr std::size_t much = 128 * 1024;

// A buffer that once had to take more does not stay that large.
constexpr std::size_t kept_bytes = 1024 * 1024;

}  // namespace

record_writer::record_writer(sink write, options how)
    : write_(std::move(write)), how_(how), thread_([this] { run(); }) {}

record_writer::~record_writer() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void record_writer::add(std::string_view lines) { add(lines, false); }

void record_writer::add_at_once(std::string_view lines) { add(lines, true); }

void record_writer::add(std::string_view lines, bool at_once) {
  {
    const std::lock_guard lock{mutex_};
    const auto before = waiting_.size();
    if (before + lines.size() > how_.most_bytes) {
      dropped_ += static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
      return;
    }
    waiting_ += lines;
    const bool hurried = std::exchange(hurry_, hurry_ || at_once || waiting_.size() >= much);
    // In between the writer waits for nothing but time.
    if (before != 0 && hurried == hurry_)
      return;
  }
  changed_.notify_one();
}

std::size_t record_writer::dropped() const {
  const std::lock_guard lock{mutex_};
  return dropped_;
}

void record_writer::run() {
  std::string writing;
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty())
      return;
    changed_.wait_for(lock, how_.moment, [this] { return ending_ || hurry_; });
    std::swap(waiting_, writing);
    hurry_ = false;
    lock.unlock();
    write_(writing);
    writing.clear();
    if (writing.capacity() > kept_bytes)
      writing.shrink_to_fit();
    lock.lock();
  }
}

}  // namespace troupe
